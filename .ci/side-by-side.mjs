// Runs chains of npm scripts side by side, each chain up to its first failure: `side-by-side.mjs format:check "lint build"`.
// What a script prints comes when it has failed, in one piece.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';

async function passes(script) {
  const started = performance.now();
  const child = spawn('npm', ['run', '--silent', script], { stdio: ['ignore', 'pipe', 'pipe'] });
  const [[code], ...printed] = await Promise.all([
    once(child, 'close'),
    text(child.stdout),
    text(child.stderr),
  ]);
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  if (code !== 0) process.stdout.write(printed.join(''));
  process.stdout.write(`${script}: ${code === 0 ? 'ok' : 'FAILED'} (${seconds} s)\n`);
  return code === 0;
}

async function followed(chain) {
  for (const script of chain.split(' ')) if (!(await passes(script))) return false;
  return true;
}

const ends = await Promise.all(process.argv.slice(2).map(followed));
process.exit(ends.every(Boolean) ? 0 : 1);
