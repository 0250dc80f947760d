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
  return `${ID_PREFIXES[kind]}_${uuidv7().replaceAll('-', '')}` as Id<K>;
}

/** Whether the text has the form of an id of this kind. Says nothing of whether the thing exists. */
export function isId<K extends IdKind>(kind: K, text: string): text is Id<K> {
  const prefix = `${ID_PREFIXES[kind]}_`;
  return text.startsWith(prefix) && /^[0-9a-f]{32}$/.test(text.slice(prefix.length));
}
