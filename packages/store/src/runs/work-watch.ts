import type { Census, DueWork, HeldWork, OldestWork, TaskKind, WorkWatch } from '@drover/engine';
import { OPEN_RUN_STATUSES, type PullId, type RunId, type TaskId } from '@drover/model';
import { type ExpressionBuilder, sql } from 'kysely';
import { takeCensus } from './census.js';
import type { Database } from '../database/database.js';
import type { Tables } from '../database/tables.js';
import { exclusiveLease } from './claim.js';
import { NOBODY, isConnectionFull, isFull, withInHand } from './room.js';

/** Looks at work in the store over all runs and pulls. */
export class KyselyWorkWatch implements WorkWatch {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  async due(now: Date): Promise<DueWork> {
    const at = now.getTime();
    const parts = [
      await this.#tasksDue(at)
        .select(({ fn }) => [fn.countAll<number>().as('count'), fn.min(TASK_SINCE).as('since')])
        .executeTakeFirst(),
      await this.#pollsDue(at)
        .select(({ fn }) => [
          fn.count<number>('run_id').distinct().as('count'),
          fn.min('pending_objects.due_at').as('since'),
        ])
        .executeTakeFirst(),
      await this.#runsQueued(at)
        .select(({ fn }) => [fn.countAll<number>().as('count'), fn.min('created_at').as('since')])
        .executeTakeFirst(),
      await this.#database.kysely
        .selectFrom(this.#runsIdle(at).select(lastSettled).as('idle'))
        .select(({ fn }) => [fn.countAll<number>().as('count'), fn.min('since').as('since')])
        .executeTakeFirst(),
      await this.#pullsDue(at)
        .select(({ fn }) => [fn.countAll<number>().as('count'), fn.min('pulls.due_at').as('since')])
        .executeTakeFirst(),
    ];
    const count = parts.reduce((sum, part) => sum + Number(part?.count ?? 0), 0);
    const times = parts.flatMap((part) => (typeof part?.since === 'number' ? [part.since] : []));
    return count === 0 ? { count } : { count, since: new Date(Math.min(...times)) };
  }

  async held(now: Date): Promise<HeldWork[]> {
    const { kysely } = this.#database;
    const tasks = await kysely
      .selectFrom('tasks')
      .select(['id', 'run_id', 'kind', 'batch_index', 'lease_owner', 'lease_until'])
      .where('status', '=', 'leased')
      .where('lease_until', '>=', now.getTime())
      .orderBy('id')
      .execute();
    const pulls = await kysely
      .selectFrom('pulls')
      .select(['id', 'lease_owner', 'lease_until'])
      .where('ended_at', 'is', null)
      .where('lease_until', '>=', now.getTime())
      .orderBy('id')
      .execute();
    return [
      ...tasks.map((task) => ({
        taskId: task.id as TaskId,
        runId: task.run_id as RunId,
        kind: task.kind as TaskKind,
        batchIndex: task.batch_index,
        ...leaseOf(task),
      })),
      ...pulls.map((pull) => ({ pullId: pull.id as PullId, ...leaseOf(pull) })),
    ];
  }

  census(): Promise<Census> {
    return takeCensus(this.#database);
  }

  async oldest(now: Date): Promise<OldestWork | undefined> {
    const at = now.getTime();
    const rows = [
      await this.#tasksDue(at)
        .select(['run_id as runId', TASK_SINCE.as('since')])
        .orderBy('since')
        .limit(1)
        .execute(),
      await this.#pollsDue(at)
        .select(['run_id as runId', 'pending_objects.due_at as since'])
        .orderBy('since')
        .limit(1)
        .execute(),
      await this.#runsQueued(at)
        .select(['id as runId', 'created_at as since'])
        .orderBy('created_at')
        .limit(1)
        .execute(),
      await this.#runsIdle(at).select(['id as runId', lastSettled]).orderBy('since').limit(1).execute(),
      await this.#pullsDue(at)
        .select(['pulls.id as pullId', 'pulls.due_at as since'])
        .orderBy('since')
        .limit(1)
        .execute(),
    ].flat();
    const aged = rows.flatMap(({ since, ...of }) => (since === null ? [] : [{ since, of }]));
    return aged.toSorted((left, right) => left.since - right.since)[0]?.of as OldestWork | undefined;
  }

  /** Tasks that may begin, and those whose lease has run out. */
  #tasksDue(now: number) {
    return withInHand(this.#database.kysely)
      .selectFrom('tasks')
      .innerJoin('runs', 'runs.id', 'tasks.run_id')
      .where(({ or, and, eb, not }) =>
        or([
          and([
            eb('tasks.status', 'in', ['ready', 'waiting']),
            eb('tasks.due_at', '<=', now),
            not(isFull({ owner: NOBODY, now })),
          ]),
          and([eb('tasks.status', '=', 'leased'), eb('tasks.lease_until', '<', now)]),
        ]),
      );
  }

  #pollsDue(now: number) {
    return withInHand(this.#database.kysely)
      .selectFrom('pending_objects')
      .innerJoin('runs', 'runs.id', 'pending_objects.run_id')
      .where('pending_objects.task_id', 'is', null)
      .where('pending_objects.due_at', '<=', now)
      .where(({ not }) => not(isFull({ owner: NOBODY, now })));
  }

  /** Runs that nobody has begun, but for those that another run excludes, or that have no room. */
  #runsQueued(now: number) {
    return withInHand(this.#database.kysely)
      .selectFrom('runs')
      .where('status', '=', 'queued')
      .where('started_at', 'is', null)
      .where(({ not }) => not(isFull({ owner: NOBODY, now })))
      .where((where) => where.not(where.exists(excluding(where))));
  }

  /** Begun runs of which nothing is in hand, waiting or pending: somebody has to go on with what is not cut yet. */
  #runsIdle(now: number) {
    return withInHand(this.#database.kysely)
      .selectFrom('runs')
      .where('status', 'in', OPEN_RUN_STATUSES)
      .where('started_at', 'is not', null)
      .where('pending', '=', 0)
      .where(({ not }) => not(isFull({ owner: NOBODY, now })))
      .where(({ not, exists, selectFrom }) =>
        not(
          exists(
            selectFrom('tasks')
              .select('tasks.id')
              .whereRef('tasks.run_id', '=', 'runs.id')
              .where('tasks.status', 'in', ['ready', 'leased', 'waiting']),
          ),
        ),
      );
  }

  #pullsDue(now: number) {
    return withInHand(this.#database.kysely)
      .selectFrom('pulls')
      .innerJoin('feeds', 'feeds.id', 'pulls.feed_id')
      .where('pulls.ended_at', 'is', null)
      .where('pulls.due_at', '<=', now)
      .where(({ or, and, eb, not }) =>
        or([
          and([eb('lease_until', 'is', null), not(isConnectionFull('feeds.connection_id'))]),
          eb('lease_until', '<', now),
        ]),
      );
  }
}

const TASK_SINCE = sql<number>`case when tasks.status = 'leased' then tasks.lease_until else tasks.due_at end`;

/** When a batch of the run was last settled. */
function lastSettled({ selectFrom }: ExpressionBuilder<Tables, 'runs'>) {
  return selectFrom('tasks')
    .select((task) => task.fn.max('tasks.settled_at').as('at'))
    .whereRef('tasks.run_id', '=', 'runs.id')
    .as('since');
}

function excluding(where: ExpressionBuilder<Tables, 'runs'>) {
  return where
    .selectFrom('leases')
    .select('leases.name')
    .where(({ eb, ref }) =>
      eb('leases.name', '=', sql<string>`${sql.lit(exclusiveLease(''))} || ${ref('runs.exclusive_key')}`),
    );
}

function leaseOf(row: { lease_owner: string | null; lease_until: number | null }) {
  return { owner: row.lease_owner!, until: new Date(row.lease_until!) };
}
