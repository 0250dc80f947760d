import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { createNetskopeSimulator } from '@drover/simulators';
import fc from 'fast-check';
import { toListEntry } from './list-entry.js';

/** The simulator reads URLs by code of its own: what the one lets through, the other must take. */
const TOKEN = 'token-for-tests';
const LISTS = '/api/v2/policy/urllist';
const simulator = createNetskopeSimulator({
  token: TOKEN,
  lists: [
    { id: 1, name: 'Exact' },
    { id: 2, name: 'Patterns', type: 'regex', urls: ['^a[.]example'] },
  ],
});
let url: string;

beforeAll(async () => {
  url = await simulator.listen();
});
afterAll(() => simulator.close());

async function append(listId: number, type: string, entry: string): Promise<number> {
  const reply = await fetch(`${url}${LISTS}/${listId}/append`, {
    method: 'PATCH',
    headers: { 'netskope-api-token': TOKEN, 'content-type': 'application/json' },
    body: JSON.stringify({ data: { type, urls: [entry] } }),
  });
  await reply.arrayBuffer();
  return reply.status;
}

const label = fc.stringMatching(/^[A-Za-z0-9_%*-]{1,6}$/);
const host = fc.oneof(
  fc.array(label, { minLength: 1, maxLength: 4 }).map((labels) => labels.join('.')),
  fc.tuple(fc.nat(300), fc.nat(255), fc.nat(255), fc.nat(255)).map((octets) => octets.join('.')),
);
const port = fc.oneof(
  fc.constant(''),
  fc.integer({ min: 0, max: 70_000 }).map((number) => `:${number}`),
);
const rest = fc.oneof(
  fc.constant(''),
  fc.nat(40).map((number) => `/${number}`),
  fc.stringMatching(/^[/?#][ -~]{0,12}$/),
);
const value = fc
  .tuple(fc.constantFrom('', 'http://', 'HTTPS://', 'ftp://'), host, port, rest)
  .map((parts) => parts.join(''));

test('what is let through into an exact list is taken, and kept as it was sent', async () => {
  await fc.assert(
    fc.asyncProperty(value, async (text) => {
      const result = toListEntry(text);
      if (!result.ok) return;
      simulator.reset();
      expect([text, await append(1, 'exact', result.entry)]).toEqual([text, 200]);
      expect(simulator.state().lists[0]!.urls).toContain(result.entry);
    }),
    { numRuns: 400 },
  );
});

test('what is let through into a regex list is taken', async () => {
  await fc.assert(
    fc.asyncProperty(value, async (text) => {
      const result = toListEntry(text, 'regex');
      if (!result.ok) return;
      expect([text, await append(2, 'regex', result.entry)]).toEqual([text, 200]);
    }),
    { numRuns: 200 },
  );
});

test('what the vendor refuses is refused before it is sent', async () => {
  await fc.assert(
    fc.asyncProperty(value, async (text) => {
      if ((await append(1, 'exact', text)) === 400)
        expect([text, toListEntry(text).ok]).toEqual([text, false]);
    }),
    { numRuns: 400 },
  );
});
