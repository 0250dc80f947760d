import type { Tables } from '../database/tables.js';

/** How a table is read from end to end. */
export interface CopiedTable {
  /** Columns of its primary key, which gives the order of reading. */
  key: readonly string[];
  /** The database counts its `seq` up, and has to go on where the source is. */
  isCounted?: true;
  /** Rows held in memory at a time; few where a row may be large. */
  pageRows: number;
}

const ROWS = 500;
/** Rows of up to some hundred kilobytes. */
const LARGE_ROWS = 20;

/** Every table, those that others refer to before them. */
export const COPIED_TABLES: Readonly<Record<keyof Tables, CopiedTable>> = {
  counters: { key: ['name'], pageRows: ROWS },
  objects: { key: ['seq'], pageRows: ROWS },
  object_aliases: { key: ['type', 'alias_key'], pageRows: ROWS },
  object_sources: { key: ['object_seq', 'source'], pageRows: ROWS },
  attributes: { key: ['object_seq', 'name', 'source', 'kind', 'value_key'], pageRows: ROWS },
  attribute_history: { key: ['seq'], isCounted: true, pageRows: ROWS },
  collections: { key: ['id'], pageRows: ROWS },
  collection_members: { key: ['collection_id', 'object_seq'], pageRows: ROWS },
  bundles: { key: ['digest'], pageRows: 1 },
  plugins: { key: ['action_id'], pageRows: LARGE_ROWS },
  plugin_versions: { key: ['plugin_id', 'bundle_digest'], pageRows: LARGE_ROWS },
  connections: { key: ['id'], pageRows: LARGE_ROWS },
  // Encrypted like the secrets of connections, and of use for as long as those with the same key live.
  access_tokens: { key: ['connection_id', 'kind'], pageRows: ROWS },
  passes: { key: ['id'], pageRows: ROWS },
  pass_items: { key: ['pass_id', 'position'], pageRows: ROWS },
  pass_ranges: { key: ['pass_id', 'from_position'], pageRows: ROWS },
  runs: { key: ['id'], pageRows: LARGE_ROWS },
  forgotten: { key: ['kind', 'id'], pageRows: ROWS },
  run_ranges: { key: ['run_id', 'from_position'], pageRows: ROWS },
  tasks: { key: ['id'], pageRows: ROWS },
  outcomes: { key: ['run_id', 'position'], pageRows: ROWS },
  journal: { key: ['seq'], isCounted: true, pageRows: LARGE_ROWS },
  plan_requests: { key: ['seq'], isCounted: true, pageRows: LARGE_ROWS },
  plan_objects: { key: ['run_id', 'position'], pageRows: ROWS },
  plan_write_backs: { key: ['seq'], isCounted: true, pageRows: ROWS },
  handled: { key: ['step_key', 'object_seq'], pageRows: ROWS },
  pending_objects: { key: ['run_id', 'position'], pageRows: ROWS },
  events: { key: ['seq'], isCounted: true, pageRows: ROWS },
  leases: { key: ['name'], pageRows: ROWS },
  command_runs: { key: ['id'], pageRows: LARGE_ROWS },
  feeds: { key: ['id'], pageRows: LARGE_ROWS },
  pulls: { key: ['id'], pageRows: ROWS },
  pull_reasons: { key: ['pull_id', 'kind', 'reason_key'], pageRows: ROWS },
  pull_log: { key: ['seq'], isCounted: true, pageRows: ROWS },
  mirror_rules: { key: ['feed_id', 'version'], pageRows: LARGE_ROWS },
  mirror_sends: { key: ['feed_id'], pageRows: ROWS },
  mirror_offers: { key: ['feed_id', 'object_seq'], pageRows: ROWS },
  mirror_conflicts: { key: ['seq'], isCounted: true, pageRows: ROWS },
  quarantine: { key: ['plugin_id', 'object_seq'], pageRows: LARGE_ROWS },
  feed_objects: { key: ['feed_id', 'object_seq'], pageRows: ROWS },
  rate_budgets: { key: ['connection_id', 'rate_group'], pageRows: ROWS },
  circuits: { key: ['connection_id'], pageRows: ROWS },
};
