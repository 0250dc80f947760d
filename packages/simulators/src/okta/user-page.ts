import { OktaRefusal } from './okta-refusal.js';
import type { OktaUser } from './okta-user.js';
import { readFilter } from './user-filter.js';

const MOST_USERS = 200;
const MOST_FOUND_BY_WORDS = 10;
const PARAMETERS = ['limit', 'after', 'filter', 'q'];

export interface UserPage {
  users: OktaUser[];
  /** Where the next page begins; absent on the last one. */
  after?: string;
}

/** A page of users by `limit` (default and at most 200), `after`, `filter` and `q`. Without a filter nobody who is DEPROVISIONED. */
export function userPage(users: readonly OktaUser[], query: Record<string, unknown>): UserPage {
  const unknown = Object.keys(query).find((name) => !PARAMETERS.includes(name));
  if (unknown !== undefined) throw invalid(unknown, 'is not simulated');
  const { filter, q, after } = query;
  const matches = typeof filter === 'string' ? users.filter(readFilter(filter)) : users.filter(isListed);
  if (typeof q === 'string') return { users: foundByWords(matches, q, query['limit']) };
  const limit = limitOf(query['limit'], MOST_USERS);
  const start = after === undefined ? 0 : startAfter(users, matches, String(after));
  const page = matches.slice(start, start + limit);
  const last = page.at(-1);
  return start + limit < matches.length && last !== undefined
    ? { users: page, after: Buffer.from(last.id).toString('base64url') }
    : { users: page };
}

function isListed({ status }: OktaUser): boolean {
  return status !== 'DEPROVISIONED';
}

/** What begins so; never paged. */
function foundByWords(users: readonly OktaUser[], q: string, limit: unknown): OktaUser[] {
  const start = q.toLowerCase();
  return users
    .filter(({ login, email }) => [login, email].some((text) => text.toLowerCase().startsWith(start)))
    .slice(0, limitOf(limit, MOST_FOUND_BY_WORDS));
}

function limitOf(limit: unknown, usual: number): number {
  if (limit === undefined) return usual;
  const number = Number(limit);
  if (!Number.isInteger(number) || number < 1) throw invalid('limit', 'must be a positive integer');
  return Math.min(number, MOST_USERS);
}

/** The users stand in a fixed order, so that one who left the list meanwhile still marks a place. */
function startAfter(all: readonly OktaUser[], matches: readonly OktaUser[], after: string): number {
  const id = Buffer.from(after, 'base64url').toString('utf8');
  const place = all.findIndex((user) => user.id === id);
  if (place === -1) throw invalid('after', 'is no cursor of this list');
  const passed = new Set(all.slice(0, place + 1));
  const next = matches.findIndex((user) => !passed.has(user));
  return next === -1 ? matches.length : next;
}

function invalid(parameter: string, problem: string): OktaRefusal {
  return new OktaRefusal('E0000001', { subject: parameter, causes: [`${parameter}: ${problem}`] });
}
