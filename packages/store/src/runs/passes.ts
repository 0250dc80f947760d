import type { FreezeRule, Pass, PassRequest } from '@drover/engine';
import { Fault, OPEN_RUN_STATUSES, newId, type PassId } from '@drover/model';
import { type Transaction, sql } from 'kysely';
import { membersPage } from '../collections/members-page.js';
import { takeCollection } from '../collections/take-collection.js';
import { type Database, rowsFrom } from '../database/database.js';
import type { DialectTraits } from '../database/dialect-traits.js';
import type { Tables } from '../database/tables.js';
import { isAccepted, leaveOutHandled } from './offered-members.js';
import { type PassRow, toPass } from './rows.js';

type Trx = Transaction<Tables>;

/** Objects looked at in one transaction of freezing. */
const FREEZE_PAGE = 5_000;

/** The open pass of an offering, or a new one; several that ask at the same time get the same. */
export async function openPass(
  trx: Trx,
  traits: DialectTraits,
  request: PassRequest,
  now: number,
): Promise<Pass> {
  await takeOffering(trx, traits, request.offering);
  await takeCollection(trx, traits, { id: request.collectionId, as: 'user' });
  await refuseWhileRunOpen(trx, request.offering);
  const found = await trx
    .selectFrom('passes')
    .select('id')
    .where('offering', '=', request.offering)
    .where('status', 'in', ['freezing', 'open'])
    .executeTakeFirst();
  // By now it may be used up, or have a run.
  const open = found && (await lockPass(trx, traits, found.id));
  if (open?.status === 'freezing' || open?.status === 'open') {
    // Nobody has taken from a pass that a plan opened: the collection as it is now counts.
    if (!request.restart && open.mode === 'apply') return toPass(open, await remainingOf(trx, open.id));
    await abandon(trx, open.id);
  }
  const row: PassRow = {
    id: newId('pass'),
    offering: request.offering,
    plugin_id: request.pluginId,
    action_id: request.actionId,
    bundle_digest: request.bundleDigest,
    connection_id: request.connectionId,
    collection_id: request.collectionId,
    step_key: request.stepKey ?? null,
    config: JSON.stringify(request.config),
    trigger: request.trigger,
    mode: request.mode,
    status: 'freezing',
    frozen_to_seq: 0,
    objects: 0,
    not_accepted: 0,
    slices: 0,
    created_at: now,
  };
  await trx.insertInto('passes').values(row).execute();
  return toPass(row, 0);
}

/** The pass for this transaction alone. */
export async function lockPass(
  trx: Trx,
  traits: DialectTraits,
  passId: string,
): Promise<PassRow | undefined> {
  const query = trx.selectFrom('passes').selectAll().where('id', '=', passId);
  return (traits.rowLocks ? query.forUpdate() : query).executeTakeFirst();
}

/** Until the transaction ends, nobody else opens a pass of the offering or makes a run of one. */
export async function takeOffering(trx: Trx, traits: DialectTraits, offering: string): Promise<void> {
  await traits.serialize(trx, `offering ${offering}`);
}

/**
 * One run of an offering at a time: slices of a pass are successive, and the retry of an earlier pass is over the same objects. To be
 * asked with the offering taken.
 */
export async function refuseWhileRunOpen(trx: Trx, offering: string): Promise<void> {
  const open = await trx
    .selectFrom('runs')
    .innerJoin('passes', 'passes.id', 'runs.pass_id')
    .select('runs.id')
    .where('runs.status', 'in', OPEN_RUN_STATUSES)
    .where('passes.offering', '=', offering)
    .executeTakeFirst();
  if (open === undefined) return;
  throw new Fault(
    'RUN_IN_PROGRESS',
    `${open.id} of this pass has not ended; follow it with "run watch", finish it with "run resume" or stop it with "run cancel".`,
    { path: open.id },
  );
}

async function abandon(trx: Trx, passId: string): Promise<void> {
  await trx.updateTable('passes').set({ status: 'abandoned' }).where('id', '=', passId).execute();
  await trx.deleteFrom('pass_ranges').where('pass_id', '=', passId).execute();
}

export async function remainingOf(trx: Trx, passId: string): Promise<number> {
  const sum = await trx
    .selectFrom('pass_ranges')
    .select(sql<number>`coalesce(sum(to_position - from_position), 0)`.as('objects'))
    .where('pass_id', '=', passId)
    .executeTakeFirstOrThrow();
  return Number(sum.objects);
}

export async function freezeNext(
  database: Database,
  passId: PassId,
  rule: FreezeRule,
  now: number,
): Promise<boolean> {
  return database.kysely.transaction().execute(async (trx) => {
    const pass = await lockPass(trx, database.traits, passId);
    if (pass === undefined || pass.status !== 'freezing') return false;
    const collection = await trx
      .selectFrom('collections')
      .selectAll()
      .where('id', '=', pass.collection_id)
      .executeTakeFirst();
    if (collection === undefined) throw new Fault('NOT_FOUND', `Collection ${pass.collection_id} is gone.`);
    const page = await membersPage({ kysely: trx, traits: database.traits }, collection, {
      afterSeq: pass.frozen_to_seq ?? 0,
      limit: FREEZE_PAGE,
      now: pass.created_at,
    });
    const last = page.at(-1);
    if (last === undefined) {
      await closeFreezing(trx, pass);
      return false;
    }
    const accepted = page.filter((member) => isAccepted(rule, member));
    const offered =
      pass.step_key === null
        ? accepted
        : await leaveOutHandled(trx, database.traits, accepted, { stepKey: pass.step_key, rule, now });
    if (offered.length > 0) {
      const rows = offered.map((member, at) => ({
        position: pass.objects + at,
        object_seq: member.seq,
        revision: member.revision,
      }));
      const source = rowsFrom(
        database.traits,
        { position: 'bigint', object_seq: 'bigint', revision: 'integer' },
        rows,
      );
      await sql`insert into pass_items (pass_id, position, object_seq, revision)
        select ${pass.id}, position, object_seq, revision from ${source} as item`.execute(trx);
    }
    await trx
      .updateTable('passes')
      .set({
        objects: pass.objects + offered.length,
        not_accepted: pass.not_accepted + page.length - accepted.length,
        frozen_to_seq: last.seq,
      })
      .where('id', '=', pass.id)
      .execute();
    return true;
  });
}

async function closeFreezing(trx: Trx, pass: PassRow): Promise<void> {
  await trx
    .updateTable('passes')
    .set({ status: pass.objects === 0 ? 'done' : 'open', frozen_to_seq: null })
    .where('id', '=', pass.id)
    .execute();
  if (pass.objects === 0) return;
  await trx
    .insertInto('pass_ranges')
    .values({ pass_id: pass.id, from_position: 0, to_position: pass.objects })
    .execute();
}
