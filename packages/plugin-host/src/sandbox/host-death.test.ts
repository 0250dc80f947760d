import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, expect, test } from '@jest/globals';
import { bundleEntry, createPluginFolder, removeFolder } from '../../test/plugin-folder.js';

const ENTRY = `
import { defineAction } from '@drover/plugin-sdk';
import { servePlugins } from '@drover/plugin-sdk/serve';
servePlugins({
  loops: defineAction({
    execute: async () => {
      console.log('about to loop');
      await new Promise((resolve) => setTimeout(resolve, 50));
      for (;;);
    },
  }),
  waits: defineAction({
    execute: () => {
      console.log('about to wait');
      return new Promise(() => {});
    },
  }),
});
`;
const testFolder = fileURLToPath(new URL('../../test/', import.meta.url));
let folder: string;
afterEach(() => removeFolder(folder));

/** Ids of the processes that run the code of a folder. */
async function processesOf(code: string, pids: number[]): Promise<number[]> {
  const commands = await Promise.all(
    pids.map((pid) => readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')),
  );
  return pids.filter((_pid, index) => commands[index]!.includes(code));
}

async function childrenOf(pid: number): Promise<number[]> {
  const children = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8');
  return children.split(' ').filter(Boolean).map(Number);
}

async function eventually<Value>(
  read: () => Promise<Value>,
  isRight: (value: Value) => boolean,
): Promise<Value> {
  const deadline = Date.now() + 5_000;
  for (;;) {
    const value = await read();
    if (isRight(value) || Date.now() > deadline) return value;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

(process.platform === 'linux' ? test : test.skip)(
  'no plugin process outlives a killed host, not even one in an endless loop (skipped off Linux)',
  async () => {
    folder = await createPluginFolder(await bundleEntry(ENTRY, { resolveDir: testFolder }));
    const entry = await readFile(join(testFolder, 'doomed-host.ts'), 'utf8');
    await writeFile(join(folder, 'host.mjs'), await bundleEntry(entry, { resolveDir: testFolder }));
    const host = spawn(process.execPath, [join(folder, 'host.mjs'), folder], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let printed = '';
    for await (const text of host.stdout.setEncoding('utf8')) {
      printed += text;
      if (printed.includes('to loop') && printed.includes('to wait')) break;
    }
    await new Promise((resolve) => setTimeout(resolve, 150));
    const code = join(folder, 'code.mjs');
    const children = await processesOf(code, await childrenOf(host.pid!));
    expect(children).toHaveLength(2);

    host.kill('SIGKILL');
    await once(host, 'exit');
    expect(
      await eventually(
        () => processesOf(code, children),
        (pids) => pids.length === 0,
      ),
    ).toEqual([]);
  },
);
