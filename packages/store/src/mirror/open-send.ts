import type { MirrorSend } from '@drover/engine';
import type { CollectionId, RunId } from '@drover/model';
import type { Trx } from '../feeds/feed-rows.js';

export type SendRow = { collection_id: string; run_id: string | null; created_at: number };

export function openSendOf(trx: Trx, feedId: string): Promise<SendRow | undefined> {
  return trx
    .selectFrom('mirror_sends')
    .select(['collection_id', 'run_id', 'created_at'])
    .where('feed_id', '=', feedId)
    .executeTakeFirst();
}

export async function toSend(
  trx: Trx,
  { collection_id: id, run_id: runId, created_at: begunAt }: SendRow,
): Promise<MirrorSend> {
  const row = await trx
    .selectFrom('collections')
    .select(['name', 'created_at'])
    .where('id', '=', id)
    .executeTakeFirst();
  return {
    collection: {
      id: id as CollectionId,
      name: row?.name ?? id,
      kind: 'fixed',
      createdAt: new Date(row?.created_at ?? 0).toISOString(),
    },
    begunAt: new Date(begunAt).toISOString(),
    ...(runId === null ? {} : { runId: runId as RunId }),
  };
}
