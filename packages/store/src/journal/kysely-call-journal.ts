import {
  type CallEvidence,
  type CallIntent,
  type CallJournal,
  type IntentId,
  type JournaledCall,
  MAX_JOURNALED_REPLY_BYTES,
  type JournaledResult,
  type WriteResult,
} from '@drover/engine';
import { Fault, type RunId, type TaskId } from '@drover/model';
import { sql } from 'kysely';
import {
  type Database,
  amongTexts,
  jsonOfRows,
  jsonOfTexts,
  rowsFrom,
  rowsOfJson,
} from '../database/database.js';
import type { DialectTraits } from '../database/dialect-traits.js';
import { preparedQuery } from '../database/prepared-query.js';
import { type Answer, RoundTrip } from '../database/round-trip.js';
import { GroupCommit } from './group-commit.js';

type Settled = { id: IntentId; result: WriteResult; at: Date };
type Entry = { intent: CallIntent } | { settled: Settled };

/** The journal as rows, committed in groups. */
export class KyselyCallJournal implements CallJournal {
  readonly #database: Database;
  readonly #commits: GroupCommit<Entry, IntentId>;

  constructor(database: Database) {
    this.#database = database;
    this.#commits = new GroupCommit((entries) => this.#commit(entries), {
      areInOrder: database.traits.commitsInOrder,
    });
  }

  record(intent: CallIntent): Promise<IntentId> {
    return this.#commits.add({ intent });
  }

  async settle(id: IntentId, result: WriteResult, at: Date): Promise<void> {
    await this.#commits.add({ settled: { id, result, at } });
  }

  callsOf(runId: RunId, objectSeqs: readonly number[]): Promise<JournaledCall[]> {
    return callsOf(this.#database, runId, objectSeqs);
  }

  async #commit(entries: readonly Entry[]): Promise<PromiseSettledResult<IntentId>[]> {
    const { kysely, traits } = this.#database;
    const trip = new RoundTrip(kysely);
    const settled = entries.flatMap((entry) => ('settled' in entry ? [entry.settled] : []));
    if (settled.length > 0) askToSettle(trip, this.#database, settled);
    const intents = entries.flatMap((entry) => ('intent' in entry ? [entry.intent] : []));
    const asked = intents.length > 0 ? askToRecord(trip, this.#database, intents) : undefined;
    await trip.makeDurably(traits);
    const recorded = asked === undefined ? [] : recordedOf(intents, asked);
    const next = recorded.values();
    return entries.map((entry) =>
      'intent' in entry ? next.next().value! : { status: 'fulfilled', value: entry.settled.id },
    );
  }
}

interface AskedIntents {
  tasks: Answer<TaskRow>;
  rows: Answer<IntentRow>;
}

/**
 * Writes the intents whose task is still held under their token. The task's row is locked until the commit, so that a
 * worker that claims it afterwards finds the intent.
 */
function askToRecord(trip: RoundTrip, { traits }: Database, intents: readonly CallIntent[]): AskedIntents {
  const ids = [...new Set(intents.map(({ taskId }) => taskId))];
  const given = intents.map(({ runId, taskId, call, objectSeq, leaseToken, at }, place) => ({
    run_id: runId,
    task_id: taskId,
    call,
    object_seq: objectSeq,
    lease_token: leaseToken,
    intent_at: at.getTime(),
    place,
  }));
  return {
    tasks: tokensOfTasks.ask(trip, { ids: jsonOfTexts(ids) }, traits),
    rows: insertHeldIntents.ask(trip, { rows: jsonOfRows(INTENT_COLUMNS, given) }, traits),
  };
}

function recordedOf(
  intents: readonly CallIntent[],
  { tasks, rows }: AskedIntents,
): PromiseSettledResult<IntentId>[] {
  const tokens = new Map(tasks.rows.map((row) => [row.id, row.lease_token]));
  const ids = new Map(rows.rows.map((row) => [`${row.run_id} ${row.object_seq}`, row.seq]));
  return intents.map((intent) => {
    if (tokens.get(intent.taskId) !== intent.leaseToken) {
      return { status: 'rejected', reason: leaseLost(intent) };
    }
    const key = `${intent.runId} ${intent.objectSeq}`;
    const id = ids.get(key);
    // Of two intents for one object, the first has the row.
    ids.delete(key);
    return id === undefined
      ? { status: 'rejected', reason: hadItsCall(intent) }
      : { status: 'fulfilled', value: id };
  });
}

const INTENT_COLUMNS = {
  run_id: 'text',
  task_id: 'text',
  call: 'text',
  object_seq: 'bigint',
  lease_token: 'integer',
  intent_at: 'bigint',
  place: 'integer',
} as const;

type IntentRow = { seq: number; run_id: string; object_seq: number };

type TaskRow = { id: string; lease_token: number };

const tokensOfTasks = preparedQuery<{ ids: string }, TaskRow, DialectTraits>((db, { ids }, traits) => {
  const query = db
    .selectFrom('tasks')
    .select(['id', 'lease_token'])
    .where(amongTexts(traits, sql.ref('id'), ids))
    .where('status', '=', sql.lit('leased'))
    .orderBy('id');
  return traits.rowLocks ? query.forShare() : query;
});

/** Answers with the rows that went in: an object that has had its call keeps the row that it has. */
const insertHeldIntents = preparedQuery<{ rows: string }, IntentRow, DialectTraits>(
  (db, { rows }, traits) => ({
    compile: () =>
      sql<IntentRow>`
    insert into journal (run_id, task_id, kind, call, object_seq, lease_token, intent_at)
    select run_id, task_id, 'call', call, object_seq, lease_token, intent_at
    from ${rowsOfJson(traits, INTENT_COLUMNS, rows)} as intents
    where exists (
      select 1 from tasks where tasks.id = intents.task_id and tasks.status = 'leased'
        and tasks.lease_token = intents.lease_token)
    order by place
    on conflict (run_id, object_seq) where kind = 'call' do nothing
    returning seq, run_id, object_seq`.compile(db),
  }),
);

const ANSWER_COLUMNS = { seq: 'bigint', kind: 'text', at: 'bigint', answer: 'text' } as const;

const settleRows = preparedQuery<{ rows: string }, never, DialectTraits>((db, { rows }, traits) => ({
  compile: () =>
    sql<never>`update journal set kind = r.kind, answered_at = r.at, answer = r.answer
    from ${rowsOfJson(traits, ANSWER_COLUMNS, rows)} as r
    where journal.seq = r.seq and journal.answered_at is null`.compile(db),
}));

function askToSettle(trip: RoundTrip, { traits }: Database, settled: readonly Settled[]): void {
  const rows = settled.map(({ id, result, at }) => ({
    seq: id,
    kind: result.kind === 'notSent' ? 'unsent' : 'call',
    at: at.getTime(),
    answer: JSON.stringify(kept(result)),
  }));
  settleRows.ask(trip, { rows: jsonOfRows(ANSWER_COLUMNS, rows) }, traits);
}

/** A result as it is kept: without the reply when that is too large to hand out again. */
function kept(result: WriteResult): WriteResult | JournaledResult {
  if (result.kind !== 'answered') return result;
  const { reply } = result;
  const { status } = reply;
  const isSmall = Buffer.byteLength(JSON.stringify(reply)) <= MAX_JOURNALED_REPLY_BYTES;
  return { kind: 'answered', status, ...(isSmall ? { reply } : {}) };
}

/** The calls of a run that left for these objects, or may have. */
export async function callsOf(
  database: Database,
  runId: string,
  objectSeqs: readonly number[],
): Promise<JournaledCall[]> {
  return (await entriesOf(database, { runId, objectSeqs, kind: 'call' })) as JournaledCall[];
}

type JournalEntry = Omit<JournaledCall, 'result'> & { result?: CallEvidence['result'] };

/** What the journal has of these objects in a run, in the order of the intents. */
export async function entriesOf(
  { kysely, traits }: Database,
  { runId, objectSeqs, kind }: { runId: string; objectSeqs: readonly number[]; kind: 'call' | 'unsent' },
): Promise<JournalEntry[]> {
  if (objectSeqs.length === 0) return [];
  const wanted = rowsFrom(
    traits,
    { seq: 'bigint' },
    objectSeqs.map((seq) => ({ seq })),
  );
  const rows = await kysely
    .selectFrom(wanted.as('wanted'))
    .innerJoin('journal', 'journal.object_seq', 'wanted.seq')
    .select(['journal.object_seq', 'task_id', 'lease_token', 'call', 'intent_at', 'answered_at', 'answer'])
    .where('run_id', '=', runId)
    // Literally, as the index has it.
    .where('kind', '=', sql.lit(kind))
    .orderBy('journal.seq')
    .execute();
  return rows.map((row) => ({
    objectSeq: row.object_seq!,
    taskId: row.task_id as TaskId,
    leaseToken: row.lease_token,
    call: row.call!,
    intentAt: new Date(row.intent_at),
    ...(row.answered_at === null ? {} : { answeredAt: new Date(row.answered_at) }),
    ...(row.answer === null ? {} : { result: JSON.parse(row.answer) as CallEvidence['result'] }),
  }));
}

function leaseLost({ taskId, call }: CallIntent): Fault {
  return new Fault('LEASE_LOST', `${taskId} is another worker’s by now; the call ${call} was not sent.`);
}

function hadItsCall({ call }: CallIntent): Fault {
  return new Fault(
    'ONCE_NOT_ALLOWED',
    `The call ${call} must not be repeated and was not sent: the object has had its one call of this run.`,
    { path: `/calls/${call}` },
  );
}
