import { OktaRefusal } from './okta-refusal.js';
import type { OktaUser } from './okta-user.js';

export type UserTest = (user: OktaUser) => boolean;

/** Properties that a filter may name, and their values. */
const PROPERTIES: Record<string, (user: OktaUser) => string> = {
  id: (user) => user.id,
  status: (user) => user.status,
  lastUpdated: (user) => new Date(user.changedAtMs).toISOString(),
  'profile.login': (user) => user.login.toLowerCase(),
  'profile.email': (user) => user.email.toLowerCase(),
};

const COMPARISONS: Record<string, (left: string, right: string) => boolean> = {
  eq: (left, right) => left === right,
  gt: (left, right) => left > right,
  ge: (left, right) => left >= right,
  lt: (left, right) => left < right,
  le: (left, right) => left <= right,
};

const TOKEN = /\s*(?:(\()|(\))|"((?:[^"\\]|\\.)*)"|([A-Za-z.]+))/y;

type Token = { kind: 'open' | 'close' } | { kind: 'text' | 'word'; text: string };

/**
 * Reads a `filter`: comparisons of `status`, `id`, `profile.login` and `profile.email` by `eq`, of `lastUpdated` by `gt`,
 * `ge`, `lt` and `le` as well, joined by `and`, `or` and brackets. Refuses anything else with E0000031.
 */
export function readFilter(filter: string): UserTest {
  const tokens = tokensOf(filter);
  const test = either(tokens);
  if (tokens.length > 0) throw new OktaRefusal('E0000031');
  return test;
}

function tokensOf(filter: string): Token[] {
  const tokens: Token[] = [];
  const pattern = new RegExp(TOKEN);
  const end = filter.trimEnd().length;
  while (pattern.lastIndex < end) {
    const match = pattern.exec(filter);
    if (match === null) throw new OktaRefusal('E0000031');
    const [, , close, text, word] = match;
    if (text !== undefined) tokens.push({ kind: 'text', text: text.replaceAll(/\\(.)/g, '$1') });
    else if (word !== undefined) tokens.push({ kind: 'word', text: word });
    else tokens.push({ kind: close === undefined ? 'open' : 'close' });
  }
  return tokens;
}

function either(tokens: Token[]): UserTest {
  const tests = [both(tokens)];
  while (isWord(tokens[0], 'or')) {
    tokens.shift();
    tests.push(both(tokens));
  }
  return (user) => tests.some((test) => test(user));
}

function both(tokens: Token[]): UserTest {
  const tests = [one(tokens)];
  while (isWord(tokens[0], 'and')) {
    tokens.shift();
    tests.push(one(tokens));
  }
  return (user) => tests.every((test) => test(user));
}

function one(tokens: Token[]): UserTest {
  if (tokens[0]?.kind === 'open') {
    tokens.shift();
    const test = either(tokens);
    if (tokens.shift()?.kind !== 'close') throw new OktaRefusal('E0000031');
    return test;
  }
  const [name, operator, value] = tokens.splice(0, 3);
  if (name?.kind !== 'word' || operator?.kind !== 'word' || value?.kind !== 'text') {
    throw new OktaRefusal('E0000031');
  }
  const property = Object.hasOwn(PROPERTIES, name.text) ? PROPERTIES[name.text] : undefined;
  const comparison = Object.hasOwn(COMPARISONS, operator.text) ? COMPARISONS[operator.text] : undefined;
  const mayCompare = operator.text === 'eq' || name.text === 'lastUpdated';
  if (property === undefined || comparison === undefined || !mayCompare) throw new OktaRefusal('E0000031');
  const wanted = name.text.startsWith('profile.') ? value.text.toLowerCase() : value.text;
  return (user) => comparison(property(user), wanted);
}

function isWord(token: Token | undefined, word: string): boolean {
  return token?.kind === 'word' && token.text === word;
}
