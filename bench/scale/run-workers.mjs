// The measured run of all these benches.

/** Batches in flight in each process. */
export const CONCURRENCY = 4;

/** A run by so many workers, from asking for it to its end. They are there before. */
export async function runWorkers(ground, { plugin = 'bench.tag-hosts', objects, workers }) {
  await ground.startWorkers(workers, { concurrency: CONCURRENCY });
  return ground.measured(() => ground.runAction(plugin, { objects }));
}
