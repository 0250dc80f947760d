import { setTimeout as sleep } from 'node:timers/promises';
import type { Database } from '@drover/store';
import { CompiledQuery } from 'kysely';

/** Each connection has its own. */
const CACHE_SIZE = CompiledQuery.raw('pragma cache_size');

/** Makes durable commits to a SQLite file until they are another connection's than the main one: the thread's. */
export async function untilCommittedInThread({ kysely, traits }: Database): Promise<void> {
  const [here] = (await kysely.executeQuery<{ cache_size: number }>(CACHE_SIZE as never)).rows;
  for (;;) {
    const [rows] = await traits.commitDurably(kysely, [CACHE_SIZE]);
    const [used] = rows as [typeof here];
    if (used!.cache_size !== here!.cache_size) return;
    await sleep(2);
  }
}
