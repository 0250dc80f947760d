// The main job from end to end on this machine: a vendor's plugin is packed, installed, connected to a simulated vendor and
// run over real published indicators until nothing is left. Every step is a command that you could type.
import { spawn } from 'node:child_process';
import { mkdirSync, rmSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
const drover = join(root, 'runtime', 'bin', 'drover.mjs');
const keep = process.argv.includes('--keep');
const dataDir = process.env.DROVER_DATA_DIR ?? join(root, '.drover', 'quickstart');
const shownDataDir = relative(process.cwd(), dataDir) || '.';
const bundle = join(dataDir, 'netskope.zip');
const CAP = 1000;
const LIST = 'Drover Blocklist';
const TOKEN = 'simulated-netskope-token';

const startedAt = Date.now();
let simulator;
try {
  await main();
} catch (error) {
  process.stderr.write(`\n${error.message}\n`);
  process.exitCode = 1;
} finally {
  simulator?.process.kill('SIGTERM');
}

async function main() {
  if (!keep) rmSync(dataDir, { recursive: true, force: true });
  mkdirSync(dataDir, { recursive: true, mode: 0o700 });

  say('Start a Netskope tenant to play with: a simulator on loopback.');
  simulator = await startSimulator();

  say('Pack the vendor’s plugins into a bundle: a zip with the same bytes wherever it is made.');
  await run(['plugin', 'pack', 'plugins/netskope', '--output', bundle]);

  say('Install it. Every plugin gets a small action ID.');
  const installed = await run(['plugin', 'install', bundle]);
  const { actionId } = installed.plugins.find(({ pluginId }) => pluginId === 'netskope.manage-url-list');

  say('Create a connection. Its token comes by standard input and is stored encrypted.');
  const known = (await run(['connection', 'list'], { silent: true })).some(({ name }) => name === 'demo');
  await run(
    [
      'connection',
      ...(known ? ['update', 'demo'] : ['create', 'demo', '--vendor', 'Netskope']),
      '--set',
      `baseUrl=${simulator.url}`,
      '--secret-stdin',
      'apiV2Token',
    ],
    { stdin: TOKEN },
  );

  say('Import 6,379 published indicators of malware campaigns, defanged as published.');
  const file = 'examples/threat-labs-iocs.csv';
  const imported = await run(['objects', 'import', file, '--collection', 'iocs'], { accept: [0, 2] });
  tell(
    `${imported.created} created, ${imported.unchanged} unchanged, ${imported.duplicates} duplicates, ${imported.rejectedCount} refused with a reason`,
  );

  say(`Run the action by its ID, at most ${CAP} objects a run, until nothing is deferred.`);
  const books = { succeeded: 0, unchanged: 0, skipped: 0, rejected: 0, failed: 0, unknown: 0 };
  for (let deferred = Infinity; deferred > 0;) {
    const ended = await run(
      [
        'action',
        'run',
        String(actionId),
        '--collection',
        'iocs',
        '--connection',
        'demo',
        '--objects-per-run',
        String(CAP),
        '--set',
        `urlListName=${LIST}`,
      ],
      { accept: [0, 2] },
    );
    const { counts } = ended.summary;
    for (const status of Object.keys(books)) books[status] += counts[status];
    const parts = Object.entries(counts).filter(([, n]) => n > 0);
    tell(`${ended.id} ${ended.status}: ${parts.map(([status, n]) => `${n} ${status}`).join(', ')}`);
    deferred = counts.deferred;
  }
  await compare(books);
  await leave();
}

async function compare(books) {
  say('Look at what the vendor holds beside what the books say.');
  const state = await (await fetch(`${simulator.url}/__sim/state`)).json();
  const list = state.lists.find(({ name }) => name === LIST);
  const entries = list.pendingUrls ?? list.urls;
  const held = Array.isArray(entries) ? entries.length : entries;
  tell(`vendor: "${LIST}" holds ${held} entries (pending: applied when you ask for it)`);
  tell(
    `books:  ${Object.entries(books)
      .map(([status, n]) => `${n} ${status}`)
      .join(', ')}`,
  );
  tell(
    'Several objects can be one entry (http:// and https:// of the same URL), so there are at most as many entries as successes.',
  );
  if (held === 0 || held > books.succeeded) throw new Error('The vendor and the books do not agree.');
}

async function leave() {
  const seconds = ((Date.now() - startedAt) / 1000).toFixed(1);
  process.stdout.write(`\nDone in ${seconds} s. The data lies in ${shownDataDir}.\n`);
  const option = `--data-dir ${shownDataDir}`;
  process.stdout.write(
    ['run list', 'objects list --collection iocs --limit 5', 'action show 1']
      .map((command) => `  npx drover ${command} ${option}\n`)
      .join(''),
  );
  if (!keep) {
    process.stdout.write(
      'The simulator stops now; with --keep it stays up, and the data is kept over the next quickstart.\n',
    );
    return;
  }
  process.stdout.write(`\nThe simulator stays up on ${simulator.url} until you press Ctrl-C.\n`);
  await new Promise((resolve) => process.once('SIGINT', resolve).once('SIGTERM', resolve));
}

/** Runs a command as a user would, shows it, and returns the JSON document that it ends with. */
async function run(args, { stdin = '', accept = [0], silent = false } = {}) {
  const shown = args.map((arg) => (/^[\w@%+=:,./-]+$/.test(arg) ? relativePath(arg) : `'${arg}'`)).join(' ');
  const secret = stdin === '' ? '' : '  < token';
  if (!silent) process.stdout.write(`  $ npx drover ${shown} --data-dir ${shownDataDir}${secret}\n`);
  const child = spawn(process.execPath, [drover, ...args, '--data-dir', dataDir, '--json'], {
    cwd: root,
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  child.stdin.end(stdin);
  const [out, err, code] = await Promise.all([text(child.stdout), text(child.stderr), ended(child)]);
  if (!accept.includes(code)) throw new Error(`drover ${shown} ended with ${code}.\n${err}${out}`);
  return JSON.parse(out.trimEnd().split('\n').at(-1));
}

async function startSimulator() {
  process.stdout.write('  $ npx drover simulate netskope\n');
  const child = spawn(process.execPath, [drover, 'simulate', 'netskope', '--json', '--data-dir', dataDir], {
    cwd: root,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let said = '';
  for await (const chunk of child.stdout) {
    said += chunk;
    if (said.includes('\n')) return { process: child, url: JSON.parse(said.split('\n')[0]).url };
  }
  throw new Error('The simulator did not start.');
}

function ended(child) {
  return new Promise((resolve) => child.once('close', resolve));
}

async function text(stream) {
  let all = '';
  for await (const chunk of stream) all += chunk;
  return all;
}

function relativePath(arg) {
  return arg.startsWith(dataDir) ? join(shownDataDir, relative(dataDir, arg)) : arg;
}

function say(sentence) {
  process.stdout.write(`\n${sentence}\n`);
}

function tell(line) {
  process.stdout.write(`    ${line}\n`);
}
