import { type ColumnDataType, type Kysely, type RawBuilder, sql } from 'kysely';
import type { DialectTraits } from '../database/dialect-traits.js';
import { createLimitFunctions } from '../limits/limit-functions.js';

type Type = ColumnDataType | RawBuilder<unknown>;

/** The whole first schema. `traits` names what the two databases spell differently. */
export async function up(db: Kysely<unknown>, traits: DialectTraits): Promise<void> {
  const columnType = (type: Type): Type => (type === 'text' ? traits.textType : type);

  /** Creates a table from `name: type`; a trailing `?` on the name makes it nullable. */
  async function table(name: string, columns: Record<string, Type>, primaryKey: string[]): Promise<void> {
    let builder = db.schema.createTable(name);
    for (const [column, type] of Object.entries(columns)) {
      const nullable = column.endsWith('?');
      builder = builder.addColumn(nullable ? column.slice(0, -1) : column, columnType(type), (c) =>
        nullable ? c : c.notNull(),
      );
    }
    builder = builder.addPrimaryKeyConstraint(`${name}_pk`, primaryKey as never[]);
    if (traits.withoutRowid) builder = builder.modifyEnd(sql`without rowid`);
    await builder.execute();
  }

  /** As `table`, with a `seq` that the database counts up, or that it is given. */
  async function sequenced(
    name: string,
    columns: Record<string, Type>,
    { given = false }: { given?: boolean } = {},
  ): Promise<void> {
    const start = db.schema.createTable(name);
    let builder = given
      ? start.addColumn('seq', traits.keyType, (c) => c.primaryKey())
      : start.addColumn('seq', traits.sequenceType, (c) => traits.sequence(c));
    for (const [column, type] of Object.entries(columns)) {
      const nullable = column.endsWith('?');
      builder = builder.addColumn(nullable ? column.slice(0, -1) : column, columnType(type), (c) =>
        nullable ? c : c.notNull(),
      );
    }
    await builder.execute();
  }

  async function index(name: string, on: string, columns: string[], unique = false): Promise<void> {
    const builder = db.schema.createIndex(name).on(on).columns(columns);
    await (unique ? builder.unique() : builder).execute();
  }

  /** An index of the rows that meet a condition; queries repeat the condition literally. */
  async function partialIndex(name: string, on: string, columns: string[], condition: string): Promise<void> {
    const list = sql.join(columns.map((column) => sql.ref(column)));
    await sql`create index ${sql.ref(name)} on ${sql.table(on)} (${list}) where ${sql.raw(condition)}`.execute(
      db,
    );
  }

  const big = 'bigint';
  const int = 'integer';

  const objectColumns = {
    id: 'text',
    type: 'text',
    subtype: 'text',
    value: 'text',
    value_key: 'text',
    'status?': 'text',
    'status_at?': big,
    revision: int,
    created_at: big,
    updated_at: big,
  } as const;
  await sequenced('objects', objectColumns, { given: true });
  await index('objects_key', 'objects', ['value_key', 'type', 'subtype'], true);
  await index('objects_type', 'objects', ['type', 'subtype']);
  await partialIndex('objects_status', 'objects', ['status'], 'status is not null');
  await index('objects_id', 'objects', ['id'], true);
  await index('objects_updated', 'objects', ['updated_at']);
  await index('objects_created', 'objects', ['created_at']);

  await table('object_aliases', { type: 'text', alias_key: 'text', alias: 'text', object_seq: big }, [
    'type',
    'alias_key',
  ]);
  await index('object_aliases_object', 'object_aliases', ['object_seq']);
  await table('object_sources', { object_seq: big, source: 'text', first_seen_at: big, last_seen_at: big }, [
    'object_seq',
    'source',
  ]);
  // The conditions that all rows meet keep these from whoever has objects in hand and asks what belongs to them: PostgreSQL would look
  // for them by the last column, through the whole index, for as long as it takes the table for small.
  await partialIndex('object_sources_source', 'object_sources', ['source', 'object_seq'], "source <> ''");

  await table(
    'attributes',
    {
      object_seq: big,
      name: 'text',
      source: 'text',
      kind: 'text',
      text_value: 'text',
      value_key: 'text',
      'number_value?': 'double precision',
      at: big,
      'run_id?': 'text',
    },
    ['object_seq', 'name', 'source', 'kind', 'value_key'],
  );
  await partialIndex(
    'attributes_value',
    'attributes',
    ['name', 'kind', 'value_key', 'object_seq'],
    "kind <> ''",
  );
  await partialIndex(
    'attributes_number',
    'attributes',
    ['name', 'number_value', 'object_seq'],
    "kind = 'number'",
  );
  await sequenced('attribute_history', {
    object_seq: big,
    name: 'text',
    source: 'text',
    kind: 'text',
    text_value: 'text',
    mode: 'text',
    at: big,
    'run_id?': 'text',
    applied: int,
  });
  await index('attribute_history_object', 'attribute_history', ['object_seq']);

  await table('collections', { id: 'text', name: 'text', kind: 'text', 'query?': 'text', created_at: big }, [
    'id',
  ]);
  await index('collections_name', 'collections', ['name'], true);
  await table('collection_members', { collection_id: 'text', object_seq: big }, [
    'collection_id',
    'object_seq',
  ]);

  await table(
    'bundles',
    {
      digest: 'text',
      name: 'text',
      version: 'text',
      manifest: 'text',
      zip: traits.binaryType,
      installed_at: big,
    },
    ['digest'],
  );
  await table(
    'plugins',
    {
      action_id: int,
      plugin_id: 'text',
      version: 'text',
      bundle_digest: 'text',
      manifest: 'text',
      defaults: 'text',
      set_aside: 'text',
      installed_at: big,
    },
    ['action_id'],
  );
  await index('plugins_plugin_id', 'plugins', ['plugin_id'], true);
  await table(
    'plugin_versions',
    { plugin_id: 'text', bundle_digest: 'text', version: 'text', manifest: 'text', installed_at: big },
    ['plugin_id', 'bundle_digest'],
  );

  await table(
    'connections',
    {
      id: 'text',
      name: 'text',
      vendor: 'text',
      settings: 'text',
      transport: 'text',
      secrets: 'text',
      'concurrency?': int,
      created_at: big,
      updated_at: big,
    },
    ['id'],
  );
  await index('connections_name', 'connections', ['name'], true);

  await table(
    'passes',
    {
      id: 'text',
      offering: 'text',
      plugin_id: 'text',
      action_id: int,
      bundle_digest: 'text',
      connection_id: 'text',
      collection_id: 'text',
      'step_key?': 'text',
      config: 'text',
      trigger: 'text',
      mode: 'text',
      status: 'text',
      'frozen_to_seq?': big,
      objects: big,
      not_accepted: big,
      slices: int,
      created_at: big,
    },
    ['id'],
  );
  await index('passes_offering', 'passes', ['offering', 'status']);
  // An offering has one pass to go on with, and a pass one run at a time, by the database's own word.
  await sql`create unique index passes_open on passes (offering) where status in ('freezing', 'open')`.execute(
    db,
  );
  await table('pass_items', { pass_id: 'text', position: big, object_seq: big, revision: int }, [
    'pass_id',
    'position',
  ]);
  await table('pass_ranges', { pass_id: 'text', from_position: big, to_position: big }, [
    'pass_id',
    'from_position',
  ]);

  const count = Object.fromEntries(
    [
      'succeeded',
      'unchanged',
      'skipped',
      'rejected',
      'failed',
      'deferred',
      'unknown',
      'objects_taken',
      'objects_written',
      'attributes_written',
      'vendor_calls',
      'vendor_writes',
      'waited_ms',
      'batches_cut',
      'pending',
    ].map((name) => [name, big] as const),
  );
  await table(
    'runs',
    {
      id: 'text',
      pass_id: 'text',
      plugin_id: 'text',
      action_id: int,
      connection_id: 'text',
      collection_id: 'text',
      status: 'text',
      phase: 'text',
      trigger: 'text',
      mode: 'text',
      objects_per_run: int,
      objects: big,
      limits: 'text',
      concurrency: int,
      'exclusive_key?': 'text',
      is_first_slice: int,
      is_last_slice: int,
      remaining: big,
      'prepared?': 'text',
      one_by_one: int,
      cancel_requested: int,
      cancel_at_once: int,
      first_batch_done: int,
      ...count,
      'fault?': 'text',
      'finish_fault?': 'text',
      'retry_of?': 'text',
      'plan_id?': 'text',
      created_at: big,
      taken_at: big,
      'started_at?': big,
      'ended_at?': big,
    },
    ['id'],
  );
  await index('runs_status', 'runs', ['status', 'created_at']);
  await index('runs_pass', 'runs', ['pass_id']);
  await partialIndex('runs_open_connection', 'runs', ['connection_id'], 'ended_at is null');
  await sql`create unique index runs_open on runs (pass_id) where ended_at is null`.execute(db);
  // Runs and passes that were taken away, while rows of theirs are still to be removed.
  await table('forgotten', { kind: 'text', id: 'text' }, ['kind', 'id']);
  await table('run_ranges', { run_id: 'text', from_position: big, to_position: big }, [
    'run_id',
    'from_position',
  ]);
  await table(
    'tasks',
    {
      id: 'text',
      run_id: 'text',
      kind: 'text',
      batch_index: int,
      'ranges?': 'text',
      status: 'text',
      attempt: int,
      deaths: int,
      due_at: big,
      'waiting_since?': big,
      'parked?': 'text',
      'lease_owner?': 'text',
      lease_token: int,
      'lease_until?': big,
      created_at: big,
      'settled_at?': big,
      'suspect?': int,
    },
    ['id'],
  );
  await index('tasks_run', 'tasks', ['run_id', 'status', 'due_at']);
  await index('tasks_status', 'tasks', ['status', 'lease_until']);
  // A claim reads what is open of a run in the order in which it is due, and not the thousands that are done.
  await partialIndex('tasks_open', 'tasks', ['run_id', 'due_at'], "status <> 'done'");

  await table(
    'outcomes',
    {
      run_id: 'text',
      position: big,
      object_seq: big,
      status: 'text',
      'code?': 'text',
      'message?': 'text',
      'data?': 'text',
      attempt: int,
      at: big,
    },
    ['run_id', 'position'],
  );
  await sequenced('journal', {
    run_id: 'text',
    task_id: 'text',
    kind: 'text',
    'call?': 'text',
    'object_seq?': big,
    lease_token: int,
    intent_at: big,
    'answered_at?': big,
    'answer?': 'text',
  });
  await index('journal_task', 'journal', ['task_id']);
  await index('journal_run', 'journal', ['run_id']);
  // A call that must not be repeated counts once for an object and run, by the database's own word.
  await sql`create unique index journal_once on journal (run_id, object_seq) where kind = 'call'`.execute(db);
  await sequenced('plan_requests', {
    run_id: 'text',
    hook: 'text',
    batch_index: int,
    call: 'text',
    effect: 'text',
    method: 'text',
    path: 'text',
    'content_type?': 'text',
    'body?': 'text',
    'body_bytes?': big,
    'blast_radius?': 'text',
    digest: 'text',
    'positions?': 'text',
    objects: big,
  });
  await index('plan_requests_run', 'plan_requests', ['run_id', 'hook', 'batch_index']);
  await table('plan_objects', { run_id: 'text', position: big, revision: int }, ['run_id', 'position']);
  await table(
    'handled',
    {
      step_key: 'text',
      object_seq: big,
      fingerprint: 'text',
      status: 'text',
      failures: int,
      'offer_after?': big,
      run_id: 'text',
      at: big,
    },
    ['step_key', 'object_seq'],
  );
  await sequenced('events', { run_id: 'text', at: big, kind: 'text', data: 'text' });
  await index('events_run', 'events', ['run_id', 'seq']);
  await table('leases', { name: 'text', owner: 'text', token: int, until: big, data: 'text' }, ['name']);
  await table('counters', { name: 'text', value: big }, ['name']);

  // Commands.
  await table(
    'command_runs',
    {
      id: 'text',
      plugin_id: 'text',
      action_id: int,
      version: 'text',
      connection_id: 'text',
      mode: 'text',
      trigger: 'text',
      status: 'text',
      input: 'text',
      config: 'text',
      owner: 'text',
      lease_until: big,
      'sent_call?': 'text',
      'fault?': 'text',
      vendor_calls: big,
      vendor_writes: big,
      waited_ms: big,
      'output_bytes?': big,
      'output_digest?': 'text',
      started_at: big,
      'ended_at?': big,
    },
    ['id'],
  );
  await partialIndex('command_runs_open', 'command_runs', ['id'], "status = 'running'");
  await table(
    'pending_objects',
    {
      run_id: 'text',
      position: big,
      object_seq: big,
      token: 'text',
      'data?': 'text',
      since: big,
      due_at: big,
      polls: int,
      failures: int,
      'fingerprint?': 'text',
      'task_id?': 'text',
    },
    ['run_id', 'position'],
  );
  await partialIndex('pending_objects_run', 'pending_objects', ['run_id', 'due_at'], 'task_id is null');
  await partialIndex('pending_objects_due', 'pending_objects', ['due_at'], 'task_id is null');
  await sequenced('plan_write_backs', {
    run_id: 'text',
    object_seq: big,
    name: 'text',
    mode: 'text',
    value: 'text',
  });
  await index('plan_write_backs_run', 'plan_write_backs', ['run_id']);

  // Feeds.
  await table(
    'feeds',
    {
      id: 'text',
      name: 'text',
      plugin_id: 'text',
      connection_id: 'text',
      collection_id: 'text',
      config: 'text',
      status: 'text',
      every_ms: big,
      due_at: big,
      failures: int,
      absent_after: int,
      'retention_days?': int,
      'checkpoint?': 'text',
      full_passes: big,
      'synced_at?': big,
      mirror_version: int,
      mirror_config: 'text',
      'mirror_collection_id?': 'text',
      mirrored_in: big,
      mirrored_out: big,
      created_at: big,
    },
    ['id'],
  );
  await index('feeds_name', 'feeds', ['name'], true);
  await table(
    'pulls',
    {
      id: 'text',
      feed_id: 'text',
      status: 'text',
      trigger: 'text',
      attempt: int,
      tries: int,
      deaths: int,
      due_at: big,
      'waiting_since?': big,
      'lease_owner?': 'text',
      lease_token: int,
      'lease_until?': big,
      'room_sought_at?': big,
      pages: big,
      created: big,
      updated: big,
      unchanged: big,
      duplicates: big,
      rejected: big,
      skipped: big,
      absent: big,
      forgotten: big,
      vendor_calls: big,
      waited_ms: big,
      'fault?': 'text',
      created_at: big,
      'started_at?': big,
      'ended_at?': big,
    },
    ['id'],
  );
  await index('pulls_feed', 'pulls', ['feed_id', 'created_at']);
  // A feed has one pull at a time, by the database's own word.
  await sql`create unique index pulls_open on pulls (feed_id) where ended_at is null`.execute(db);
  await table(
    'pull_reasons',
    { pull_id: 'text', kind: 'text', reason_key: 'text', code: 'text', reason: 'text', objects: big },
    ['pull_id', 'kind', 'reason_key'],
  );
  await sequenced('pull_log', {
    pull_id: 'text',
    at: big,
    level: 'text',
    message: 'text',
    'fields?': 'text',
  });
  await index('pull_log_pull', 'pull_log', ['pull_id', 'seq']);
  await table(
    'feed_objects',
    {
      feed_id: 'text',
      object_seq: big,
      seen_pass: big,
      seen_at: big,
      'absent_at?': big,
      'mirror_version?': int,
      'changed_at?': big,
      'shadow?': 'text',
      'checked_revision?': int,
    },
    ['feed_id', 'object_seq'],
  );
  await index('feed_objects_object', 'feed_objects', ['object_seq']);
  await index('feed_objects_pass', 'feed_objects', ['feed_id', 'seen_pass']);

  // Objects that end their plugin's process.
  await table(
    'quarantine',
    {
      id: 'text',
      plugin_id: 'text',
      bundle_digest: 'text',
      version: 'text',
      object_seq: big,
      revision: int,
      run_id: 'text',
      fault: 'text',
      attempts: int,
      log: 'text',
      at: big,
    },
    ['plugin_id', 'object_seq'],
  );
  await index('quarantine_id', 'quarantine', ['id'], true);
  await index('quarantine_run', 'quarantine', ['run_id']);

  await table('mirror_rules', { feed_id: 'text', version: int, goes_out: int, rules: 'text' }, [
    'feed_id',
    'version',
  ]);
  // A feed has one send at a time, by the database's own word.
  await table(
    'mirror_sends',
    { feed_id: 'text', collection_id: 'text', 'run_id?': 'text', created_at: big },
    ['feed_id'],
  );
  await table(
    'mirror_offers',
    {
      feed_id: 'text',
      object_seq: big,
      status: 'text',
      offered: 'text',
      base: 'text',
      'pass_id?': 'text',
      'run_id?': 'text',
      'code?': 'text',
      'message?': 'text',
      failures: int,
      'retry_at?': big,
      at: big,
    },
    ['feed_id', 'object_seq'],
  );
  await index('mirror_offers_pass', 'mirror_offers', ['pass_id']);
  await sequenced('mirror_conflicts', {
    feed_id: 'text',
    object_seq: big,
    field: 'text',
    local_value: 'text',
    local_source: 'text',
    local_at: big,
    vendor_value: 'text',
    vendor_at: big,
    winner: 'text',
    at: big,
  });
  await index('mirror_conflicts_feed', 'mirror_conflicts', ['feed_id', 'seq']);

  // Budgets and circuits of vendors, where workers share them.
  const number = 'double precision';
  await table(
    'rate_budgets',
    {
      connection_id: 'text',
      rate_group: 'text',
      grants: 'text',
      kept: int,
      closed_until: number,
      refusals: int,
      backed_off_until: number,
    },
    ['connection_id', 'rate_group'],
  );
  await table(
    'circuits',
    {
      connection_id: 'text',
      era: int,
      level: int,
      failures: int,
      failing_since: number,
      failed_at: number,
      open_until: number,
      probe_until: number,
    },
    ['connection_id'],
  );
  if (traits.functions) {
    for (const name of ['rate_budgets', 'circuits'])
      await sql`alter table ${sql.table(name)} set unlogged`.execute(db);
    await createLimitFunctions(db);
  }

  // Access tokens that all processes share.
  await table(
    'access_tokens',
    {
      connection_id: 'text',
      kind: 'text',
      'token_id?': 'text',
      'sealed?': 'text',
      'renew_at?': big,
      turn: int,
      turn_until: big,
    },
    ['connection_id', 'kind'],
  );
  // For what is asked with every scrape of the metrics.
  await partialIndex('runs_unknown', 'runs', ['unknown'], 'unknown > 0');
}
