#!/usr/bin/env -S node --max-semi-space-size=8 --heap-growing-percent=40 --v8-pool-size=1
// The flags keep the process small: imports and runs stream, and what they leave behind is worth collecting soon; and where several
// processes share the processors, more threads to compile and collect beside them only wait for each other.
// Kept to what old versions of Node can read: it brings them to the one that Drover is pinned to.

const { existsSync } = await builtin('node:fs');
const { dirname, join } = await builtin('node:path');
const { fileURLToPath } = await builtin('node:url');

const MIN_MAJOR = 24;
const MIN_MINOR = 5;
const USAGE = 1;

const [major, minor] = process.versions.node.split('.').map(Number);
const isOld = major < MIN_MAJOR || (major === MIN_MAJOR && minor < MIN_MINOR);

if (isOld) await runOnPinnedNode();
else await runHere();

async function runHere() {
  const main = new URL('../dist/cli/main.js', import.meta.url);
  if (existsSync(main)) {
    // Beside the code, so that whoever can write it could write the code as well. Where it cannot be written, none is kept.
    process.getBuiltinModule('node:module').enableCompileCache(fileURLToPath(new URL('.compiled', main)));
    await import(main.href);
  } else fail('Drover is not built yet; run "npm run build" in its repository.');
}

async function runOnPinnedNode() {
  const node = findPinnedNode();
  if (node === undefined) {
    fail(
      `Drover needs Node ${MIN_MAJOR}.${MIN_MINOR} or newer; this is ${process.versions.node}. Install it, or run "npm ci" in the repository, which brings it on Linux.`,
    );
    return;
  }
  const { spawn } = await import('node:child_process');
  const child = spawn(node, [...process.execArgv, fileURLToPath(import.meta.url), ...process.argv.slice(2)], {
    stdio: 'inherit',
  });
  // A terminal interrupts both processes by itself; only what is sent to this one alone is passed on.
  const atTerminal = process.stdin.isTTY === true;
  process.on('SIGINT', () => atTerminal || child.kill('SIGINT'));
  process.on('SIGTERM', () => child.kill('SIGTERM'));
  child.on('error', (error) => fail(`${node} does not start: ${error.message}`));
  child.on('exit', (code, signal) => {
    process.exitCode = code ?? 128 + (signal === 'SIGKILL' ? 9 : 15);
  });
}

/** An import of node:fs reads each of its exports, and so loads its streams. */
function builtin(name) {
  return process.getBuiltinModule ? process.getBuiltinModule(name) : import(name);
}

function findPinnedNode() {
  for (let folder = dirname(fileURLToPath(import.meta.url)); ; folder = dirname(folder)) {
    const node = join(folder, 'node_modules', '.bin', 'node');
    if (existsSync(node)) return node;
    if (folder === dirname(folder)) return undefined;
  }
}

function fail(sentence) {
  process.stderr.write(`${sentence}\n`);
  process.exitCode = USAGE;
}
