/** What is wrong with a pattern, and where. */
export class PatternProblem extends Error {
  constructor(
    readonly kind: 'invalid' | 'unsupported',
    message: string,
  ) {
    super(message);
  }
}

export type PatternToken =
  | { kind: 'word' | 'number' | 'operator' | 'punctuation'; text: string; at: number }
  /** `text` is what the quotes hold, escapes resolved. */
  | { kind: 'string'; text: string; at: number }
  /** `t'…'`, `h'…'`, `b'…'`. */
  | { kind: 'typed'; text: string; at: number }
  | { kind: 'end'; text: ''; at: number };

const BLANK = /\s+|\/\*[^]*?\*\/|\/\/[^\n]*/y;
const WORD = /[A-Za-z_][A-Za-z0-9_-]*/y;
const NUMBER = /[+-]?(?:\d+\.?\d*|\.\d+)(?![A-Za-z_])/y;
const OPERATOR = /==|!=|<>|<=|>=|=|<|>/y;
const PUNCTUATION = /[[\]().,:*]/y;
const QUOTED = /'((?:[^'\\]|\\['\\])*)'/y;
const TYPED = /[thb]'[^'\\]*'/y;

/** Cuts a STIX pattern (STIX 2.1, section 9) into tokens. Problems name the character's position, from 1. */
export function tokenizePattern(pattern: string): PatternToken[] {
  const tokens: PatternToken[] = [];
  let at = 0;
  function match(form: RegExp): RegExpExecArray | undefined {
    form.lastIndex = at;
    const found = form.exec(pattern);
    if (found === null) return undefined;
    at += found[0].length;
    return found;
  }
  while (at < pattern.length) {
    const start = at;
    if (match(BLANK)) continue;
    const quoted = match(QUOTED);
    if (quoted) {
      tokens.push({ kind: 'string', text: quoted[1]!.replace(/\\(['\\])/g, '$1'), at: start });
      continue;
    }
    const [kind, found] = matchFirst(match);
    if (found === undefined) {
      const what = pattern[at] === "'" ? 'a text that is not closed or has a bad escape' : `"${pattern[at]}"`;
      throw new PatternProblem('invalid', `The pattern has ${what} at character ${at + 1}.`);
    }
    tokens.push({ kind, text: found[0], at: start });
  }
  tokens.push({ kind: 'end', text: '', at });
  return tokens;
}

type Simple = 'typed' | 'word' | 'number' | 'operator' | 'punctuation';

function matchFirst(
  match: (form: RegExp) => RegExpExecArray | undefined,
): [Simple, RegExpExecArray | undefined] {
  const forms = [
    ['typed', TYPED],
    ['word', WORD],
    ['number', NUMBER],
    ['operator', OPERATOR],
    ['punctuation', PUNCTUATION],
  ] as const;
  for (const [kind, form] of forms) {
    const found = match(form);
    if (found) return [kind, found];
  }
  return ['word', undefined];
}
