import { writeSync } from 'node:fs';
import { defineAction, type Outcome, type PluginObject, succeeded } from '@drover/plugin-sdk';
import { servePlugins } from '@drover/plugin-sdk/serve';

const all = (objects: readonly PluginObject[]): Outcome[] => objects.map((object) => succeeded(object));
const never = () => new Promise<never>(() => {});

function frameOf(text: string): Buffer {
  const header = Buffer.alloc(4);
  header.writeUInt32BE(Buffer.byteLength(text));
  return Buffer.concat([header, Buffer.from(text)]);
}

function writeFrame(text: string): void {
  writeSync(3, frameOf(text));
}

servePlugins({
  good: defineAction({
    execute: async (batch, context) => {
      const reply = await context.call('ping', { json: { count: batch.objects.length } });
      context.log.info('pinged', { status: reply.status });
      return all(batch.objects);
    },
  }),
  exits: defineAction({ execute: async () => process.exit(7) }),
  'throws later': defineAction({
    execute: async () => {
      setTimeout(() => {
        throw new Error('from a timer');
      });
      return never();
    },
  }),
  'rejects unseen': defineAction({
    execute: async () => {
      void Promise.reject(new Error('unseen'));
      return never();
    },
  }),
  loops: defineAction({
    execute: async () => {
      for (;;);
    },
  }),
  'never answers': defineAction({ execute: never }),
  'ends on abort': defineAction({
    execute: (_batch, context) =>
      new Promise((_resolve, reject) => {
        context.signal.addEventListener('abort', () => reject(context.signal.reason as Error));
      }),
  }),
  'answers on abort': defineAction({
    execute: (batch, context) =>
      new Promise((resolve) => context.signal.addEventListener('abort', () => resolve(all(batch.objects)))),
  }),
  'grows buffers': defineAction({
    execute: async () => {
      const kept: Buffer[] = [];
      for (;;) {
        kept.push(Buffer.alloc(4 * 1024 * 1024, kept.length + 1));
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
    },
  }),
  'grows its heap': defineAction({
    execute: async () => {
      const kept: unknown[] = [];
      for (;;) kept.push(Array.from({ length: 1_000 }, () => Math.random()));
    },
  }),
  'writes garbage': defineAction({
    execute: async () => {
      writeFrame('this is no JSON');
      return never();
    },
  }),
  'announces too much': defineAction({
    execute: async () => {
      writeSync(3, Buffer.from([0x7f, 0xff, 0xff, 0xff]));
      return never();
    },
  }),
  'returns too much': defineAction({ prepare: async () => 'x'.repeat(2 * 1024 * 1024), execute: never }),
  'answers twice': defineAction({
    execute: async () => {
      const answer = frameOf(JSON.stringify({ kind: 'result', id: 1, value: [] }));
      writeSync(3, Buffer.concat([answer, answer]));
      return never();
    },
  }),
  'asks without end': defineAction({
    execute: async () => {
      for (let ask = 1; ask < 200; ask += 1) {
        writeFrame(JSON.stringify({ kind: 'ask', id: 1, ask, what: 'call', name: 'ping', params: {} }));
      }
      return never();
    },
  }),
  'pollutes prototypes': defineAction({
    execute: async () => {
      writeFrame('{"kind":"result","id":1,"value":[{"__proto__":{"polluted":true}}]}');
      return never();
    },
  }),
  'nests deep': defineAction({
    execute: async () => {
      writeFrame(`{"kind":"result","id":1,"value":${'['.repeat(1_000)}${']'.repeat(1_000)}}`);
      return never();
    },
  }),
  'prints a flood': defineAction({
    execute: async () => {
      for (;;) {
        // At the pace at which it is read: what it printed and nobody read is memory, which has a limit of its own.
        await new Promise((resolve) => process.stdout.write(`${'x'.repeat(100_000)}\n`, resolve));
      }
    },
  }),
  prints: defineAction({
    execute: async (batch) => {
      process.stderr.write('a line that was printed\n');
      await new Promise((resolve) => setTimeout(resolve, 50));
      return all(batch.objects);
    },
  }),
  'is slow': defineAction({
    execute: async (batch) => {
      await new Promise((resolve) => setTimeout(resolve, 400));
      return all(batch.objects);
    },
  }),
  'throws a TypeError': defineAction({
    execute: async () => (undefined as unknown as { missing(): Outcome[] }).missing(),
  }),
  'returns a cycle': defineAction({
    execute: async () => {
      const cycle: unknown[] = [];
      cycle.push(cycle);
      return cycle as Outcome[];
    },
  }),
  'tells a secret': defineAction({
    execute: async (batch, context) => {
      const { body } = await context.call<string>('secret');
      context.log.info(`heard ${body}`, { body });
      return batch.objects.map((object) => succeeded(object, { data: { body } }));
    },
  }),
});
