// `--only scale`: runs by `drover worker` processes over one PostgreSQL and one Redis. `--part bullmq|workers|growth|costs` leaves
// the others out.
import { benchBesideBullmq } from './beside-bullmq.mjs';
import { benchCosts } from './costs.mjs';
import { benchGrowth } from './growth.mjs';
import { withServers } from './servers.mjs';
import { benchWorkers } from './workers.mjs';

const PARTS = { bullmq: benchBesideBullmq, workers: benchWorkers, growth: benchGrowth, costs: benchCosts };

export async function benchScale({ part, ...extent }) {
  for (const [name, bench] of Object.entries(PARTS))
    if (part === undefined || part === name) await withServers((servers) => bench(servers, extent));
}
