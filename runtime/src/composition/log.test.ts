import { expect, it } from '@jest/globals';
import { createLog } from './log.js';

function written(options: Parameters<typeof createLog>[0]): string {
  let text = '';
  const log = createLog(options, { write: (line) => (text += line) });
  log.info({ runId: 'run_1' }, 'batch dispatched');
  log.warn({ runId: 'run_1', objects: 3 }, 'batch went back');
  return text;
}

it('writes JSON lines from its level on', () => {
  const lines = written({ logLevel: 'warn', logFormat: 'json' }).trimEnd().split('\n');
  expect(lines.map((line) => JSON.parse(line))).toEqual([
    {
      level: 40,
      time: expect.any(Number),
      pid: process.pid,
      runId: 'run_1',
      objects: 3,
      msg: 'batch went back',
    },
  ]);
});

it('writes for people', () => {
  expect(written({ logLevel: 'warn', logFormat: 'pretty' })).toMatch(
    /^\d\d:\d\d:\d\d WARN batch went back  runId=run_1  objects=3\n$/,
  );
});
