import { expect, test } from '@jest/globals';
import type { CallParams, CallReply } from '@drover/plugin-sdk';
import type { Netskope } from './netskope.js';
import {
  appendUrls,
  deployUrlLists,
  probeUrlLists,
  readUrlList,
  readUrlLists,
  replaceUrls,
} from './url-lists.js';

interface Asked {
  name: string;
  params?: CallParams;
}

/** Netskope as far as these functions see it: one answer, and what was asked for it. */
function answering(body: unknown, status = 200): { netskope: Netskope; asked: Asked[] } {
  const asked: Asked[] = [];
  const reply: CallReply = { status, headers: {}, body, at: '2026-01-02T03:04:05.678Z' };
  const netskope: Netskope = {
    call: async <Body>(name: string, params?: CallParams) => {
      asked.push({ name, ...(params === undefined ? {} : { params }) });
      return reply as CallReply<Body>;
    },
  };
  return { netskope, asked };
}

const LIST = {
  id: 5,
  name: 'Blocked',
  data: { type: 'exact', urls: ['a.example'], json_version: 2 },
  modify_by: 'somebody',
  modify_time: '2026-01-02T03:04:05.678Z',
  modify_type: 'Edited',
  pending: 1,
};
const EDIT = { listId: 5, type: 'exact' as const, entries: ['a.example'], covers: ['obj_1'] };

test('asks for the heads of the lists only', async () => {
  const { netskope, asked } = answering([
    { id: 5, name: 'Blocked', modify_type: 'Edited', pending: 1 },
    { id: 6, name: 'Gone', modify_type: 'Deleted', pending: 0 },
  ]);
  expect(await readUrlLists(netskope)).toEqual([
    { id: 5, name: 'Blocked', isPending: true, isDeleted: false },
    { id: 6, name: 'Gone', isPending: false, isDeleted: true },
  ]);
  expect(asked).toEqual([
    { name: 'readUrlLists', params: { query: { field: 'id,name,modify_type,pending' } } },
  ]);
});

test('reads one list with its type and URLs', async () => {
  const { netskope, asked } = answering(LIST);
  expect(await readUrlList(netskope, 5)).toEqual({
    id: 5,
    name: 'Blocked',
    isPending: true,
    isDeleted: false,
    type: 'exact',
    urls: ['a.example'],
  });
  expect(asked).toEqual([{ name: 'readUrlList', params: { params: { listId: 5 } } }]);
});

test.each([
  ['append', appendUrls, 'appendUrls'],
  ['replace', replaceUrls, 'replaceUrls'],
] as const)('an %s sends the entries with the type of the list', async (_what, edit, name) => {
  const { netskope, asked } = answering(LIST);
  expect(await edit(netskope, EDIT)).toMatchObject({ isEdited: true, list: { id: 5, urls: ['a.example'] } });
  expect(asked).toEqual([
    {
      name,
      params: {
        params: { listId: 5 },
        json: { data: { type: 'exact', urls: ['a.example'] } },
        covers: ['obj_1'],
      },
    },
  ]);
});

test('a 400 is an answer that names the refused URLs', async () => {
  const { netskope } = answering({ errors: [['a.example', 'Invalid host']] }, 400);
  expect(await appendUrls(netskope, EDIT)).toEqual({
    isEdited: false,
    refusedUrls: new Map([['a.example', 'Invalid host']]),
    message: '',
  });
});

test('takes JSON that came as text, and a list without its URLs', async () => {
  const { data, ...head } = LIST;
  const { netskope } = answering(JSON.stringify({ ...head, data: { type: data.type } }));
  const reply = await appendUrls(netskope, EDIT);
  expect(reply).toMatchObject({ isEdited: true, list: { type: 'exact' } });
  expect(reply).not.toHaveProperty('list.urls');
});

test.each([[undefined], ['<html>'], [{}], [[{ id: 5 }]], [{ ...LIST, id: 'five' }], [{ ...LIST, data: {} }]])(
  'an answer that is no list is a fault: %j',
  async (body) => {
    const { netskope } = answering(body);
    await expect(readUrlList(netskope, 5)).rejects.toMatchObject({ code: 'VENDOR_ANSWER_INVALID' });
    await expect(appendUrls(netskope, EDIT)).rejects.toMatchObject({ code: 'VENDOR_ANSWER_INVALID' });
  },
);

test.each([[{}], [[{ id: 5 }]], ['no JSON']])('lists that are no lists are a fault: %j', async (body) => {
  const { netskope } = answering(body);
  await expect(readUrlLists(netskope)).rejects.toMatchObject({ code: 'VENDOR_ANSWER_INVALID' });
});

test('a deploy names the lists that are applied now, if it says so', async () => {
  const applied = { ...LIST, pending: 0 };
  expect(await deployUrlLists(answering([applied, { ...LIST, id: 6 }]).netskope)).toMatchObject([{ id: 5 }]);
  expect(await deployUrlLists(answering(undefined).netskope)).toEqual([]);
});

test.each([
  [200, [], 'granted'],
  [403, { message: 'no' }, 'no privilege'],
  [404, '<html>', 'no such API'],
  [200, '<html>', 'no such API'],
] as const)('a probe that is answered with %d means: %s', async (status, body, access) => {
  expect(await probeUrlLists(answering(body, status).netskope)).toBe(access);
});
