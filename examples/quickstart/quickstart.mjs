// The main job from end to end on this machine: a vendor's plugin is packed, installed, connected to a simulated vendor and
// run over real published indicators until nothing is left. Every step is a command that you could type.
import { mkdirSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Commands } from './commands.mjs';

const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
const keep = process.argv.includes('--keep');
/** A folder of its own, which is made anew each time: never the one that somebody works with. */
const dataDir = join(process.env.DROVER_DATA_DIR ?? join(root, '.drover'), 'quickstart');
const CAP = 1000;
const LIST = 'Drover Blocklist';
const ACTION = 'netskope.manage-url-list';

const startedAt = Date.now();
const stop = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => stop.abort());
const commands = new Commands({ root, dataDir, signal: stop.signal });

try {
  await main();
} catch (error) {
  process.stderr.write(stop.signal.aborted ? '\nInterrupted.\n' : `\n${error.message}\n`);
  process.exitCode = stop.signal.aborted ? 130 : 1;
} finally {
  stop.abort();
}

async function main() {
  if (!keep) rmSync(dataDir, { recursive: true, force: true });
  mkdirSync(dataDir, { recursive: true, mode: 0o700 });

  say('Start a Netskope tenant to play with: a simulator on loopback.');
  const simulator = await commands.start(['simulate', 'netskope']);

  say('Pack the vendor’s plugins into a bundle: a zip with the same bytes wherever it is made.');
  const bundle = join(dataDir, 'netskope.zip');
  await commands.run(['plugin', 'pack', 'plugins/netskope', '--output', bundle]);

  say('Install it. Every plugin gets a small action ID.');
  const installed = await commands.run(['plugin', 'install', bundle]);
  const { actionId } = installed.plugins.find(({ pluginId }) => pluginId === ACTION);

  say('Create a connection. Its token comes by standard input and is stored encrypted.');
  const isSecondTime = await connect(simulator);

  say('Import 6,379 published indicators of malware campaigns, defanged as published.');
  const file = 'examples/threat-labs-iocs.csv';
  const imported = await commands.run(['objects', 'import', file, '--collection', 'iocs']);
  tell(
    `${imported.created} created, ${imported.unchanged} unchanged, ${imported.duplicates} duplicates, ${imported.rejectedCount} refused with a reason`,
  );

  say(`Run the action by its ID, at most ${CAP} objects a run, until nothing is deferred.`);
  if (isSecondTime) await endOpenRuns();
  const books = await runPass(actionId, { restart: isSecondTime });

  say('Look at what the vendor holds beside what the books say.');
  await compare(simulator, books);
  await leave(simulator, actionId);
}

/** Makes the connection, or points the one of the last time to the new tenant; true for the second. */
async function connect({ url, token }) {
  const known = (await commands.quietly(['connection', 'list'])).some(({ name }) => name === 'demo');
  const which = known ? ['update', 'demo'] : ['create', 'demo', '--vendor', 'Netskope'];
  const account = ['--set', `baseUrl=${url}`, '--proxy', 'none', '--secret-stdin', 'apiV2Token'];
  await commands.run(['connection', ...which, ...account], { stdin: token });
  return known;
}

/** A quickstart that was stopped in the middle may have left a run open, whose tenant is gone. */
async function endOpenRuns() {
  const { data } = await commands.quietly(['run', 'list']);
  for (const { id } of data.filter(({ endedAt }) => endedAt === undefined)) {
    await commands.quietly(['run', 'cancel', id]);
    await commands.quietly(['run', 'resume', id], { accept: [0, 2, 3] });
  }
}

/** Runs until nothing is deferred, and returns the counts over all runs. */
async function runPass(actionId, { restart }) {
  const books = { succeeded: 0, unchanged: 0, skipped: 0, rejected: 0, failed: 0, unknown: 0 };
  const where = ['--collection', 'iocs', '--connection', 'demo', '--objects-per-run', String(CAP)];
  const command = ['action', 'run', String(actionId), ...where, '--set', `urlListName=${LIST}`];
  let remaining = Infinity;
  while (remaining > 0) {
    const anew = restart && remaining === Infinity ? ['--restart'] : [];
    const { id, status, summary } = await commands.run([...command, ...anew], { accept: [0, 2] });
    for (const outcome of Object.keys(books)) books[outcome] += summary.counts[outcome];
    tell(`${id} ${status}: ${countsText(summary.counts)}`);
    if (summary.remaining >= remaining) throw new Error('The last run took nothing off what remains.');
    remaining = summary.remaining;
  }
  return books;
}

async function compare({ url }, books) {
  const state = await (await fetch(`${url}/__sim/state`)).json();
  const held = state.lists.find(({ name }) => name === LIST).urls.length;
  tell(`vendor: "${LIST}" holds ${held} entries (pending: applied when you ask for it)`);
  tell(`books:  ${countsText(books)}`);
  tell(
    'Several objects can be one entry (http:// and https:// of the same URL), so there are at most as many entries as successes.',
  );
  if (held === 0 || held > books.succeeded) throw new Error('The vendor and the books do not agree.');
}

async function leave({ url }, actionId) {
  const seconds = ((Date.now() - startedAt) / 1000).toFixed(1);
  process.stdout.write(`\nDone in ${seconds} s. The data lies in ${commands.shownPath(dataDir)}.\n`);
  for (const look of [
    ['run', 'list'],
    ['objects', 'list', '--collection', 'iocs', '--limit', '5'],
    ['action', 'show', String(actionId)],
  ]) {
    process.stdout.write(`  ${commands.shownLine(look)}\n`);
  }
  if (!keep) {
    process.stdout.write(
      'The simulator stops now; with --keep it stays up, and the data is kept over the next quickstart.\n',
    );
    return;
  }
  process.stdout.write(`\nThe simulator stays up on ${url} until you press Ctrl-C; what it holds:\n`);
  process.stdout.write(`  curl ${url}/__sim/state\n`);
  await new Promise((resolve) => stop.signal.addEventListener('abort', resolve));
}

function countsText(counts) {
  const parts = Object.entries(counts).filter(([, n]) => n > 0);
  return parts.map(([status, n]) => `${n} ${status}`).join(', ');
}

function say(sentence) {
  process.stdout.write(`\n${sentence}\n`);
}

function tell(line) {
  process.stdout.write(`    ${line}\n`);
}
