import { afterEach, describe, expect, test } from '@jest/globals';
import type { Simulator } from '../simulator/simulator.js';
import {
  createNetskopeSimulator,
  type NetskopeSimulatorOptions,
  type NetskopeState,
} from './netskope-simulator.js';

const TOKEN = 'token-for-tests';
const USERS = '/api/v2/scim/Users';
const GROUPS = '/api/v2/scim/Groups';
const USER_SCHEMA = 'urn:ietf:params:scim:schemas:core:2.0:User';
const GROUP_SCHEMA = 'urn:ietf:params:scim:schemas:core:2.0:Group';
const PATCH_SCHEMA = 'urn:ietf:params:scim:api:messages:2.0:PatchOp';

const ADA = {
  schemas: [USER_SCHEMA],
  userName: 'ada@example.com',
  name: { givenName: 'Ada', familyName: 'Example' },
  active: true,
  emails: [{ value: 'ada@example.com', primary: true }],
  externalId: 'hr-1',
  meta: { resourceType: 'User' },
};

let running: Simulator<NetskopeState> | undefined;
afterEach(async () => {
  await running?.close();
  running = undefined;
});

async function start(options: Partial<NetskopeSimulatorOptions> = {}) {
  running = createNetskopeSimulator({ token: TOKEN, ...options });
  const url = await running.listen();
  const call = async (method: string, path: string, body?: unknown) => {
    const reply = await fetch(url + path, {
      method,
      headers: { 'netskope-api-token': TOKEN, 'content-type': 'application/scim+json;charset=utf-8' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await reply.text();
    const type = reply.headers.get('content-type');
    return { status: reply.status, type, body: text === '' ? undefined : JSON.parse(text) };
  };
  return { call, simulator: running };
}

const seeds = (count: number) =>
  Array.from({ length: count }, (_, index) => ({ id: `u${index}`, userName: `user${index}@example.com` }));
const patch = (...operations: object[]) => ({ schemas: [PATCH_SCHEMA], Operations: operations });
const members = (...ids: string[]) => ids.map((value) => ({ value }));

describe('SCIM users', () => {
  test('are created with all their fields, read back, changed and removed', async () => {
    const { call } = await start();
    const created = await call('POST', USERS, ADA);
    expect(created).toMatchObject({
      status: 201,
      type: 'application/scim+json;charset=utf-8',
      body: { userName: 'ada@example.com', externalId: 'hr-1', active: true, name: ADA.name },
    });
    const path = `${USERS}/${created.body.id}`;
    expect((await call('GET', path)).body).toEqual(created.body);
    const changed = await call('PATCH', path, patch({ op: 'replace', path: 'active', value: false }));
    expect(changed).toMatchObject({ status: 200, body: { active: false, userName: 'ada@example.com' } });
    expect(await call('DELETE', path)).toMatchObject({ status: 204, body: undefined });
    expect(await call('GET', path)).toMatchObject({
      status: 404,
      body: { schemas: ['urn:ietf:params:scim:api:messages:2.0:Error'], status: '404' },
    });
  });

  test('exist once, whatever the case of their name', async () => {
    const { call, simulator } = await start();
    await call('POST', USERS, ADA);
    expect(await call('POST', USERS, { ...ADA, userName: 'ADA@example.com' })).toMatchObject({
      status: 409,
      body: { status: '409', scimType: 'uniqueness' },
    });
    expect(simulator.state().scim).toMatchObject({ users: [{ userName: 'ada@example.com' }] });
  });

  test('are found by name or external id, and by nothing else', async () => {
    const { call } = await start({
      scim: { users: [...seeds(3), { userName: 'b@example.com', externalId: 'x"1' }] },
    });
    const find = (filter: string) => call('GET', `${USERS}?filter=${encodeURIComponent(filter)}`);
    expect(await find('userName eq "USER1@example.com"')).toMatchObject({
      body: { totalResults: 1, Resources: [{ id: 'u1' }] },
    });
    expect(await find('externalId eq "x\\"1"')).toMatchObject({ body: { totalResults: 1 } });
    expect(await find('userName sw "user"')).toMatchObject({
      status: 400,
      body: { scimType: 'invalidFilter' },
    });
  });

  test('come in pages, no larger than the server likes', async () => {
    const { call } = await start({ scim: { users: seeds(25) }, limits: { scimPageSize: 10 } });
    expect((await call('GET', USERS)).body).toMatchObject({
      totalResults: 25,
      startIndex: 1,
      itemsPerPage: 10,
    });
    const last = await call('GET', `${USERS}?startIndex=21&count=100`);
    expect(last.body).toMatchObject({
      startIndex: 21,
      itemsPerPage: 5,
      Resources: [{ id: 'u20' }, {}, {}, {}, {}],
    });
    expect((await call('GET', `${USERS}?startIndex=26`)).body).toMatchObject({
      itemsPerPage: 0,
      Resources: [],
    });
  });

  test.each([
    ['without a schema', { ...ADA, schemas: [] }],
    ['without a name', { ...ADA, userName: ' ' }],
    ['with an unknown attribute', { ...ADA, nickName: 'A' }],
    ['with a text for active', { ...ADA, active: 'true' }],
  ])('are refused %s', async (_what, body) => {
    const { call } = await start();
    expect(await call('POST', USERS, body)).toMatchObject({ status: 400, body: { status: '400' } });
  });
});

describe('SCIM groups', () => {
  test('take, lose and exchange members; a PATCH has no answer', async () => {
    const { call, simulator } = await start({ scim: { users: seeds(4) } });
    const { body, status } = await call('POST', GROUPS, { schemas: [GROUP_SCHEMA], displayName: 'Watched' });
    expect({ status, members: body.members }).toEqual({ status: 201, members: [] });
    const edit = (...operations: object[]) => call('PATCH', `${GROUPS}/${body.id}`, patch(...operations));
    const held = () => simulator.state().scim.groups[0]!.members;
    expect(await edit({ op: 'add', path: 'members', value: members('u0', 'u1') })).toMatchObject({
      status: 204,
      body: undefined,
    });
    await edit({ op: 'remove', path: 'members', value: members('u0') });
    expect(held()).toEqual(['u1']);
    await edit({ op: 'replace', path: 'members', value: members('u2', 'u3') });
    expect(held()).toEqual(['u2', 'u3']);
  });

  test('may answer a PATCH with a body all the same', async () => {
    const { call } = await start({
      scim: { users: seeds(1), groups: [{ id: 'g', displayName: 'Watched' }], patchAnswer: 'body' },
    });
    const operation = { op: 'add', path: 'members', value: members('u0') };
    expect(await call('PATCH', `${GROUPS}/g`, patch(operation))).toMatchObject({
      status: 200,
      body: { status: '204' },
    });
  });

  test('refuse strangers, capitals and too many at once, and change nothing then', async () => {
    const { call, simulator } = await start({
      scim: { users: seeds(4), groups: [{ id: 'g', displayName: 'Watched', members: ['u0'] }] },
      limits: { membersPerPatch: 2 },
    });
    const edit = (op: string, ...ids: string[]) =>
      call('PATCH', `${GROUPS}/g`, patch({ op, path: 'members', value: members(...ids) }));
    expect(await edit('add', 'u1', 'nobody')).toMatchObject({ status: 400 });
    expect(await edit('Add', 'u1')).toMatchObject({ status: 400 });
    expect(await edit('add', 'u1', 'u2', 'u3')).toMatchObject({ status: 400, body: { scimType: 'tooMany' } });
    expect(await edit('add', '')).toMatchObject({ status: 400 });
    expect(simulator.state().scim.groups[0]!.members).toEqual(['u0']);
    const again = { schemas: [GROUP_SCHEMA], displayName: 'watched' };
    expect(await call('POST', GROUPS, again)).toMatchObject({ status: 409 });
    expect(await call('GET', `${GROUPS}/none`)).toMatchObject({ status: 404 });
  });

  test('need the token’s privilege', async () => {
    const { call } = await start({ privileges: { [GROUPS]: 'read' } });
    expect(await call('GET', GROUPS)).toMatchObject({ status: 200 });
    expect(await call('POST', GROUPS, {})).toMatchObject({ status: 403 });
  });
});
