import { afterEach, expect, test } from '@jest/globals';
import { createNetskopeSimulator, type NetskopeState } from '../netskope/netskope-simulator.js';
import type { Simulator } from './simulator.js';
import { Storm, type StormOptions } from './storm.js';

const TOKEN = 'token-of-the-simulated-tenant';
const LISTS = '/api/v2/policy/urllist';

let running: Simulator<NetskopeState> | undefined;
afterEach(async () => {
  await running?.close();
  running = undefined;
});

function strikes(options: StormOptions, requests: number): unknown[] {
  const storm = new Storm(options);
  return Array.from({ length: requests }, () => storm.next());
}

test('a seed strikes the same requests in the same way, another seed others', () => {
  expect(strikes({ seed: 7 }, 500)).toEqual(strikes({ seed: 7 }, 500));
  expect(strikes({ seed: 7 }, 500)).not.toEqual(strikes({ seed: 8 }, 500));
});

test('as many are struck as asked, in every way that there is', () => {
  const struck = strikes({ seed: 1, share: 0.5 }, 4_000).filter((order) => order !== undefined);
  expect(struck.length / 4_000).toBeCloseTo(0.5, 1);
  const kinds = new Set(struck.map((order) => (order as { effect: { kind: string } }).effect.kind));
  expect(kinds).toEqual(new Set(['drop', 'delay', 'status', 'malformedBody', 'entries', 'rateLimit']));
  expect(strikes({ seed: 1, share: 0 }, 100).every((order) => order === undefined)).toBe(true);
});

async function start(storm?: StormOptions) {
  running = createNetskopeSimulator({
    token: TOKEN,
    lists: [{ id: 1, name: 'Blocked', urls: ['a.example', 'b.example'] }],
    ...(storm === undefined ? {} : { storm }),
  });
  const url = await running.listen();
  const read = async (): Promise<string> => {
    const reply = await fetch(`${url}${LISTS}/1`, { headers: { 'netskope-api-token': TOKEN } });
    return `${reply.status} ${await reply.text()}`;
  };
  const calmly = async (times: number): Promise<number> => {
    const answers = await Promise.all(Array.from({ length: times }, () => read().catch(() => 'dropped')));
    return answers.filter((answer) => answer.startsWith('200 {"id":1,"name":"Blocked"')).length;
  };
  const control = (method: string, body?: unknown) =>
    fetch(`${url}/__sim/storm`, {
      method,
      ...(body === undefined
        ? {}
        : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
    });
  return { read, calmly, control, simulator: running };
}

test('the weather changes by the control path, which no storm strikes', async () => {
  const { calmly, control } = await start();
  expect(await calmly(20)).toBe(20);
  expect((await control('PUT', { seed: 3, share: 1 })).status).toBe(204);
  expect(await calmly(20)).toBeLessThan(15);
  expect((await control('PUT', { seed: -1 })).status).toBe(400);
  expect((await control('DELETE')).status).toBe(204);
  expect(await calmly(20)).toBe(20);
});

test('a reset brings the weather of the start back', async () => {
  const { calmly, simulator } = await start({ seed: 3, share: 1 });
  simulator.storm(undefined);
  expect(await calmly(20)).toBe(20);
  simulator.reset();
  expect(await calmly(20)).toBeLessThan(15);
});

test('an answer that misses an entry can be ordered', async () => {
  const { read, simulator } = await start();
  simulator.order({ when: 'after', effect: { kind: 'entries', edit: 'drop' } });
  expect(await read()).toMatch(/^200 .*"urls":\["a\.example"\]/);
  expect(await read()).toMatch(/^200 .*"urls":\["a\.example","b\.example"\]/);
});
