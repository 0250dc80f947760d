import { beforeEach, describe, expect, test } from '@jest/globals';
import type { AnyActionDefinition } from './define-action.js';
import { defineAction } from './define-action.js';
import { PluginDispatcher } from './dispatcher.js';
import type { Batch } from './context.js';
import { pending, succeeded } from './outcomes.js';
import { type HookCall, MAX_LOG_LINES, MAX_OPEN_ASKS, type PluginFrame } from './wire.js';

type AskFrame = Extract<PluginFrame, { kind: 'ask' }>;

let sent: PluginFrame[];
let dispatcher: PluginDispatcher;
/** Answers what a hook asks; `undefined` leaves it open. */
let answer: (ask: AskFrame) => { value?: unknown } | undefined;

beforeEach(() => {
  sent = [];
  answer = () => ({ value: null });
});

function serve(definition: AnyActionDefinition): void {
  dispatcher = new PluginDispatcher(
    { plugin: definition },
    {
      send: (frame) => {
        const copy = JSON.parse(JSON.stringify(frame)) as PluginFrame;
        sent.push(copy);
        if (copy.kind !== 'ask') return;
        const answered = answer(copy);
        if (answered) {
          queueMicrotask(() =>
            dispatcher.receive({ kind: 'answer', id: copy.id, ask: copy.ask, ...answered }),
          );
        }
      },
    },
  );
}

const execution: HookCall = {
  hook: 'execute',
  objects: [
    { id: 'obj_1', type: 'indicator', value: 'a.example.com', aliases: [], attributes: [], revision: 1 },
  ],
  index: 0,
  isFirstOfPass: true,
  prepared: null,
  concurrency: 1,
  stream: false,
};

function invoke(call: HookCall = execution): void {
  const run = {
    id: 'run_1',
    mode: 'apply' as const,
    trigger: 'manual' as const,
    pass: { isFirstSlice: true, isLastSlice: true, remaining: 0 },
    startedAt: '2026-01-01T00:00:00.000Z',
    attempt: 1,
  };
  dispatcher.receive({ kind: 'invoke', id: 1, plugin: 'plugin', call, config: {}, connection: {}, run });
}

const settle = () => new Promise((resolve) => setTimeout(resolve, 5));
const ofKind = (kind: PluginFrame['kind']) => sent.filter((frame) => frame.kind === kind);

describe('a dispatcher', () => {
  test('says hello with the hooks that each plugin has', () => {
    serve(defineAction({ prepare: async () => undefined, executeOne: async (object) => succeeded(object) }));
    expect(dispatcher.hello()).toEqual({
      kind: 'hello',
      protocol: 1,
      plugins: { plugin: ['prepare', 'executeOne'] },
    });
  });

  test.each(['execute', 'executeOne'] as const)(
    'takes pending from %s only of a plugin that can be polled',
    async (hook) => {
      const answerOf = (object: { id: string }) => pending(object, { token: 't', pollAfterMs: 1_000 });
      const executing =
        hook === 'execute'
          ? { execute: async ({ objects }: Batch) => objects.map(answerOf) }
          : { executeOne: async (object: { id: string }) => answerOf(object) };
      serve(defineAction(executing));
      invoke();
      await settle();
      expect(sent).toMatchObject([
        { kind: 'result', value: [{ objectId: 'obj_1', status: 'failed', code: 'PLUGIN_CONTRACT' }] },
      ]);
      serve(defineAction({ ...executing, poll: async () => [] }));
      invoke();
      await settle();
      expect(sent.at(-1)).toMatchObject({ value: [{ objectId: 'obj_1', status: 'pending', token: 't' }] });
    },
  );

  test('lets asks over the limit wait their turn', async () => {
    answer = () => undefined;
    serve(
      defineAction({
        execute: async (batch, context) => {
          await Promise.all(Array.from({ length: MAX_OPEN_ASKS + 18 }, () => context.call('ping')));
          return batch.objects.map((object) => succeeded(object));
        },
      }),
    );
    invoke();
    await settle();
    const first = ofKind('ask') as AskFrame[];
    expect(first).toHaveLength(MAX_OPEN_ASKS);
    answer = () => ({ value: {} });
    for (const { ask } of first) dispatcher.receive({ kind: 'answer', id: 1, ask, value: {} });
    await settle();
    expect(ofKind('ask')).toHaveLength(MAX_OPEN_ASKS + 18);
    expect(ofKind('result')).toHaveLength(1);
  });

  test('drops log lines over the limit, and fields that are no JSON', async () => {
    serve(
      defineAction({
        execute: async (_batch, context) => {
          context.log.warn('a number too large', { big: 1n });
          for (let line = 0; line < 500; line += 1) context.log.info('again');
          return [];
        },
      }),
    );
    invoke();
    await settle();
    expect(ofKind('log')).toHaveLength(MAX_LOG_LINES);
    expect(ofKind('log')[0]).toEqual({ kind: 'log', id: 1, level: 'warn', message: 'a number too large' });
  });

  test('lets nothing out after a hook has ended', async () => {
    let late: Promise<unknown> = Promise.resolve();
    serve(
      defineAction({
        execute: async (_batch, context) => {
          late = new Promise((resolve) => setTimeout(resolve, 1)).then(() => {
            context.log.info('too late');
            return context.call('ping');
          });
          late.catch(() => undefined);
          return [];
        },
      }),
    );
    invoke();
    await settle();
    await expect(late).rejects.toMatchObject({ code: 'PLUGIN_CONTRACT' });
    expect(sent.map(({ kind }) => kind)).toEqual(['result']);
  });

  test('refuses calls after an abort, with the reason of it', async () => {
    serve(
      defineAction({
        execute: async (_batch, context) => {
          await new Promise((resolve) => context.signal.addEventListener('abort', resolve));
          await context.call('ping');
          return [];
        },
      }),
    );
    invoke();
    dispatcher.receive({ kind: 'abort', id: 1, fault: { code: 'CANCELLED', message: 'Enough.' } });
    await settle();
    expect(sent).toEqual([{ kind: 'fault', id: 1, fault: { code: 'CANCELLED', message: 'Enough.' } }]);
  });

  test('winds down by ending what it has begun and taking no further object', async () => {
    const begun: string[] = [];
    const go = Promise.withResolvers<void>();
    serve(
      defineAction({
        executeOne: async (object, context) => {
          begun.push(object.id);
          await go.promise;
          await context.call('ping');
          return succeeded(object);
        },
      }),
    );
    const [object] = execution.objects;
    const objects = ['obj_1', 'obj_2', 'obj_3', 'obj_4'].map((id) => ({ ...object!, id }));
    invoke({ ...execution, objects, concurrency: 2, stream: true });
    await settle();
    dispatcher.receive({ kind: 'windDown', id: 1, fault: { code: 'CANCELLED', message: 'Enough.' } });
    go.resolve();
    await settle();
    expect(begun).toEqual(['obj_1', 'obj_2']);
    const told = sent.flatMap((frame) =>
      frame.kind === 'ask' && frame.what === 'outcomes' ? frame.outcomes : [],
    );
    expect(told).toMatchObject([{ objectId: 'obj_1' }, { objectId: 'obj_2' }]);
    expect(sent.at(-1)).toEqual({ kind: 'fault', id: 1, fault: { code: 'CANCELLED', message: 'Enough.' } });
  });

  test.each([
    [
      'an action without executeAll',
      { execute: async () => [] },
      { hook: 'executeAll' as const, prepared: null },
    ],
    ['an action with executeAll only', { async *executeAll() {} }, execution],
  ])('refuses %s where the manifest wants the other', async (_what, definition, call) => {
    serve(definition as AnyActionDefinition);
    invoke(call);
    await settle();
    expect(sent).toMatchObject([
      { kind: 'fault', fault: { code: 'PLUGIN_CONTRACT', path: '/limits/scope' } },
    ]);
  });

  test.each([
    [true, undefined, 1],
    [false, undefined, 1],
    [true, 'cancelled' as const, 1],
    [false, 'cancelled' as const, 0],
  ])(
    'with finishAlways %s runs finish of a run stopped as %s %d times',
    async (finishAlways, stopped, times) => {
      let finished = 0;
      serve(defineAction({ execute: async () => [], finish: async () => void finished++, finishAlways }));
      const counts = {
        succeeded: 0,
        unchanged: 0,
        skipped: 0,
        rejected: 0,
        failed: 0,
        deferred: 0,
        unknown: 0,
      };
      invoke({ hook: 'finish', prepared: null, counts, vendorWrites: 0, ...(stopped ? { stopped } : {}) });
      await settle();
      expect(finished).toBe(times);
      expect(ofKind('result')).toHaveLength(1);
    },
  );

  test('sends the stack of a mistake to the log, and its message as a fault', async () => {
    serve(
      defineAction({
        execute: async () => {
          throw new TypeError('no such thing');
        },
      }),
    );
    invoke();
    await settle();
    expect(sent).toMatchObject([
      { kind: 'log', level: 'warn', fields: { stack: expect.stringContaining('dispatcher.test') } },
      {
        kind: 'fault',
        fault: { code: 'PLUGIN_ERROR', message: expect.stringContaining('TypeError: no such thing') },
      },
    ]);
  });

  test('keeps what is thrown that is no error', async () => {
    serve(defineAction({ execute: () => Promise.reject('a bare text') }));
    invoke();
    await settle();
    expect(sent).toMatchObject([
      { kind: 'fault', fault: { code: 'PLUGIN_ERROR', message: 'The plugin threw a bare text.' } },
    ]);
  });
});
