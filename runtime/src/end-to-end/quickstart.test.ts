import { type ChildProcess, spawn } from 'node:child_process';
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { RunView } from '@drover/engine';
import { BuiltDrover, until } from './built-drover.js';

const QUICKSTART = fileURLToPath(new URL('../../../examples/quickstart/quickstart.mjs', import.meta.url));
const BOOKS = { succeeded: 3052, rejected: 3, failed: 0, unknown: 0 };
const HELD = 3050;

/** The quickstart in a process group of its own, as at a terminal. */
class Quickstart {
  readonly ended: Promise<number | null>;
  readonly #child: ChildProcess;
  said = '';

  constructor(dataDir: string, ...options: string[]) {
    const child = spawn(process.execPath, [QUICKSTART, ...options], {
      env: {
        ...process.env,
        DROVER_DATA_DIR: dataDir,
        DROVER_DATABASE_URL: 'postgres://not.ours.example.com/db',
      },
      detached: true,
    });
    this.#child = child;
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (text) => (this.said += text));
    this.ended = new Promise((resolve) => child.once('close', resolve));
  }

  async says(words: RegExp): Promise<RegExpExecArray> {
    await until(() => words.test(this.said) || this.#child.exitCode !== null, {
      what: String(words),
      withinMs: 60_000,
    });
    const found = words.exec(this.said);
    if (found === null) throw new Error(this.said);
    return found;
  }

  /** Tells this process alone, as a supervisor does. */
  interrupt(): void {
    this.#child.kill('SIGINT');
  }

  kill(): void {
    if (this.#child.exitCode === null) process.kill(-this.#child.pid!, 'SIGKILL');
  }
}

let folder: string;
const started: Quickstart[] = [];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'drover-quickstart-'));
  await chmod(folder, 0o711);
});
afterAll(async () => {
  for (const quickstart of started) quickstart.kill();
  await rm(folder, { recursive: true });
});

function start(...options: string[]): Quickstart {
  const quickstart = new Quickstart(folder, ...options);
  started.push(quickstart);
  return quickstart;
}

/** What became of the objects of the last pass, by the books. */
async function lastPass(): Promise<{ counts: Record<string, number>; runs: number }> {
  const drover = new BuiltDrover(join(folder, 'quickstart'));
  const { data } = (await drover.run(['run', 'list', '--json'])).json as { data: RunView[] };
  const runs = data.filter(({ passId }) => passId === data[0]!.passId);
  const sum = (status: string) =>
    runs.reduce((total, run) => total + run.summary.counts[status as keyof typeof BOOKS], 0);
  return {
    counts: Object.fromEntries(Object.keys(BOOKS).map((status) => [status, sum(status)])),
    runs: runs.length,
  };
}

/** What the quickstart says that the vendor holds. */
function heldAsSaid({ said }: Quickstart): number {
  return Number(/holds (\d+) entries/.exec(said)![1]);
}

async function heldAtVendor(url: string): Promise<number> {
  const reply = await fetch(`${url}/__sim/state`);
  const { lists } = (await reply.json()) as { lists: { name: string; urls: string[] }[] };
  return lists.find(({ name }) => name === 'Drover Blocklist')!.urls.length;
}

describe('the quickstart', () => {
  it('does the main job within a minute and touches nothing but its own folder', async () => {
    const bystander = join(folder, 'drover.db');
    await writeFile(bystander, 'data of somebody who works here');
    const began = performance.now();
    const quickstart = start();
    expect([await quickstart.ended, quickstart.said]).toEqual([0, quickstart.said]);
    expect(performance.now() - began).toBeLessThan(60_000);
    expect(quickstart.said).toContain('6370 created, 0 unchanged, 7 duplicates, 2 refused');
    expect(await lastPass()).toEqual({ counts: BOOKS, runs: 4 });
    expect(heldAsSaid(quickstart)).toBe(HELD);
    expect(await readFile(bystander, 'utf8')).toBe('data of somebody who works here');
  }, 70_000);

  it('ends everything that it started when it is interrupted', async () => {
    const quickstart = start('--keep');
    const [, url] = await quickstart.says(/baseUrl=(\S+)/);
    await quickstart.says(/run_\w+ partial/);
    quickstart.interrupt();
    expect(await quickstart.ended).toBe(130);
    expect(quickstart.said).toContain('Interrupted.');
    await expect(fetch(url!)).rejects.toThrow();
  }, 60_000);

  it('with --keep goes over the same data again, and stays up until Ctrl-C', async () => {
    const quickstart = start('--keep');
    const [, url] = await quickstart.says(/stays up on (\S+) until/);
    expect(quickstart.said).toContain('0 created, 6370 unchanged, 7 duplicates, 2 refused');
    expect(await lastPass()).toEqual({ counts: BOOKS, runs: 4 });
    expect([heldAsSaid(quickstart), await heldAtVendor(url!)]).toEqual([HELD, HELD]);
    quickstart.interrupt();
    expect(await quickstart.ended).toBe(0);
    await expect(fetch(url!)).rejects.toThrow();
  }, 70_000);
});
