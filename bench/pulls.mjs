// Pulls of the CrowdStrike feed beside a hand-written loop: the same pages of the simulated cloud, the same rows in SQLite. The
// sizes are those for which Netskope's own plugin documents its time: 11,002 and 50,000 users.
import { inFolder, measure, withSimulator } from './processes.mjs';
import { inTurns, megabytes, printTable, seconds } from './report.mjs';
import { measureCommand, measureWhole } from './whole-process.mjs';

/** What Netskope documents for its plugin, against the real cloud. */
const SIZES = [
  { users: 11_002, documentedS: 76 },
  { users: 50_000, documentedS: 339 },
];

/** After a build, the first command compiles its code, which later ones find compiled, and either side reads its files from the disk. */
const TO_WARM_UP = 10;

export async function benchPulls({ rounds }) {
  await withCloud(TO_WARM_UP, (cloud) => compare(cloud, { users: TO_WARM_UP, rounds: 1 }));
  const lines = [];
  for (const { users, documentedS } of SIZES) {
    const { raw, drover } = await withCloud(users, (cloud) => compare(cloud, { users, rounds }));
    const { first, again } = drover;
    lines.push([
      users.toLocaleString('en'),
      ...[raw, first, again].map(({ wallMs }) => seconds(wallMs)),
      (first.wallMs / raw.wallMs).toFixed(2),
      [raw.cpuMs, first.cpuMs, first.childCpuMs].map(seconds).join(', '),
      [raw.peakRssMb, first.peakRssMb, first.childPeakRssMb].map(megabytes).join(', '),
      `${documentedS} s`,
    ]);
  }
  const measured = ['got loop', 'Drover', 'Drover again', '÷ got'];
  const costs = ['CPU: got, host, plugin', 'peak RSS: got, host, plugin'];
  printTable(
    'Pulls of users, whole processes from start to exit',
    ['users', ...measured, ...costs, 'documented'],
    lines,
  );
}

function compare(cloud, { users, rounds }) {
  const all = (take) => {
    if (take.kept !== users) throw new Error(`${take.kept} of ${users} users were kept.`);
    return take;
  };
  const contenders = {
    raw: () =>
      inFolder(async (folder) => {
        await measure('raw-pull.mjs', { folder, mode: 'setup' });
        return all(await measureWhole('raw-pull.mjs', { ...cloud, folder, mode: 'pull' }));
      }),
    drover: () =>
      inFolder(async (folder) => {
        await measure('drover-pull.mjs', { ...cloud, folder });
        const pull = async () =>
          all(keptOf(await measureCommand(['feed', 'run', 'risk'], { dataDir: folder })));
        const [first, again] = [await pull(), await pull()];
        return { wallMs: first.wallMs, first, again };
      }),
  };
  return inTurns(contenders, rounds);
}

function keptOf({ counts: { created, updated, unchanged }, ...figures }) {
  return { ...figures, kept: created + updated + unchanged };
}

/** Starts the simulated cloud, hands it over and ends it. */
function withCloud(users, work) {
  return withSimulator(['crowdstrike', '--users', String(users)], ({ url, token }) =>
    work({ url, clientId: 'simulated-crowdstrike-client', clientSecret: token }),
  );
}
