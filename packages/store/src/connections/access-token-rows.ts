import { type Kysely, sql } from 'kysely';
import type { Tables } from '../database/tables.js';

/** The connection is another one from now on: its tokens are none any more, and what is being got for it comes too late. */
export async function outdateTokens(trx: Kysely<Tables>, connectionId: string): Promise<void> {
  await trx
    .updateTable('access_tokens')
    .set({ token_id: null, sealed: null, renew_at: null, turn: sql<number>`turn + 1`, turn_until: 0 })
    .where('connection_id', '=', connectionId)
    .execute();
}

/** The connection is gone. */
export async function removeTokens(trx: Kysely<Tables>, connectionId: string): Promise<void> {
  await trx.deleteFrom('access_tokens').where('connection_id', '=', connectionId).execute();
}
