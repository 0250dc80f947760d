// `npm run bench`: Drover beside hand-written loops that make the same calls, in one run. Figures are ratios against those
// loops; the milliseconds beside them are of this machine at this moment. `--quick` leaves the long scenarios out,
// `--only batches|calls|import|pulls|okta|scale|starts` all others, and `--million` imports a million rows and not 200,000.
import { benchBatches } from './batches.mjs';
import { benchImport, benchStarts } from './commands.mjs';
import { benchOkta } from './okta.mjs';
import { benchPulls } from './pulls.mjs';
import { benchScale } from './scale/scale.mjs';
import { benchSingleCalls } from './single-calls.mjs';

const has = (flag) => process.argv.includes(flag);
const quick = has('--quick');
const valueOf = (flag) => (has(flag) ? process.argv[process.argv.indexOf(flag) + 1] : undefined);
const extent = { quick, rounds: quick ? 1 : 3 };
const parts = {
  calls: () => benchSingleCalls(extent),
  batches: () => benchBatches(extent),
  import: () => benchImport({ rows: has('--million') ? 1_000_000 : quick ? 50_000 : 200_000 }),
  pulls: () => benchPulls(extent),
  okta: () => benchOkta(extent),
  scale: () => benchScale({ ...extent, part: valueOf('--part') }),
  starts: () => benchStarts(),
};

const only = valueOf('--only');
for (const [name, part] of Object.entries(parts)) if (only === undefined || only === name) await part();
