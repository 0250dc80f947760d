import { v7 as uuidv7 } from 'uuid';

/** What an id names; the prefix that it carries on every face. */
export const ID_PREFIXES = {
  object: 'obj',
  collection: 'col',
  connection: 'con',
  pass: 'pass',
  run: 'run',
  task: 'task',
  commandRun: 'cmd',
  feed: 'feed',
  pull: 'pull',
  quarantined: 'quar',
} as const;

export type IdKind = keyof typeof ID_PREFIXES;

declare const brand: unique symbol;

/** An id of one kind, such as `run_0192…`: the kind's prefix, an underscore, a UUIDv7 (RFC 9562) without dashes. */
export type Id<K extends IdKind> = string & { readonly [brand]: K };

export type ObjectId = Id<'object'>;
export type CollectionId = Id<'collection'>;
export type ConnectionId = Id<'connection'>;
export type PassId = Id<'pass'>;
export type RunId = Id<'run'>;
export type TaskId = Id<'task'>;
export type CommandRunId = Id<'commandRun'>;
export type FeedId = Id<'feed'>;
export type PullId = Id<'pull'>;

/** A new id; ids of one kind made by one process sort in the order in which they were made. */
export function newId<K extends IdKind>(kind: K): Id<K> {
  const random = takeRandom();
  const now = Date.now();
  if (now > last.msecs) last = { msecs: now, seq: random.readUInt32BE(6) >>> 1 };
  else last = last.seq < MAX_SEQ ? { ...last, seq: last.seq + 1 } : { msecs: last.msecs + 1, seq: 0 };
  uuidv7({ ...last, random }, made);
  return `${ID_PREFIXES[kind]}_${made.toString('hex')}` as Id<K>;
}

/** Time and counter of the id before: a page of a feed makes a thousand within a millisecond. */
let last = { msecs: 0, seq: 0 };
/** The counter starts at random in the lower half of its 32 bits. */
const MAX_SEQ = 0xffff_ffff;
const made = Buffer.alloc(16);

const RANDOM_BYTES = 16;
/** Random bytes for some ids at once: asking for them takes longer than all the rest of an id. */
const ahead = Buffer.alloc(256 * RANDOM_BYTES);
let used = ahead.length;

function takeRandom(): Buffer {
  if (used === ahead.length) {
    crypto.getRandomValues(ahead);
    used = 0;
  }
  return ahead.subarray(used, (used += RANDOM_BYTES));
}

/** Whether the text has the form of an id of this kind. Says nothing of whether the thing exists. */
export function isId<K extends IdKind>(kind: K, text: string): text is Id<K> {
  const prefix = `${ID_PREFIXES[kind]}_`;
  return text.startsWith(prefix) && /^[0-9a-f]{32}$/.test(text.slice(prefix.length));
}
