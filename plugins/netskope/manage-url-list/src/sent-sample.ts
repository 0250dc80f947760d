import type { Context } from './settings.js';

const MOST_PER_BATCH = 100;
const MOST_PER_RUN = 1_000;
const TTL_MS = 24 * 3_600_000;

type SampleContext = Pick<Context, 'cache' | 'run'>;

/**
 * Remembers some of the entries that a batch put into the list, spread over it, so that `finish` can look whether they are
 * still there. Best effort: what the cache forgets is not looked for. `anew` forgets what earlier batches sent.
 */
export async function rememberSent(
  context: SampleContext,
  landed: readonly string[],
  { anew }: { anew: boolean },
): Promise<void> {
  const known = anew ? [] : await recallSent(context);
  const room = Math.min(MOST_PER_BATCH, MOST_PER_RUN - known.length);
  if (room <= 0 || landed.length === 0) return;
  const step = Math.max(1, landed.length / room);
  const picked = Array.from(
    { length: Math.min(room, landed.length) },
    (_, nth) => landed[Math.floor(nth * step)]!,
  );
  await context.cache.set(keyOf(context), [...known, ...picked], { ttlMs: TTL_MS });
}

export async function recallSent(context: SampleContext): Promise<string[]> {
  return (await context.cache.get<string[]>(keyOf(context))) ?? [];
}

function keyOf({ run }: SampleContext): string {
  return `sent:${run.id}`;
}
