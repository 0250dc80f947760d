import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { NetskopeState } from '@drover/simulators';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { CommandLine } from './command-line.js';
import { NetskopeLab, packNetskope } from './netskope-lab.js';
import { readBooks } from './run-books.js';
import { describeGrounds } from './describe-grounds.js';
import { ONE_PROCESS } from './grounds.js';

let bundle: Awaited<ReturnType<typeof packNetskope>>;
let lab: NetskopeLab;
let drover: CommandLine;

beforeAll(async () => {
  bundle = await packNetskope();
}, 60_000);
afterAll(() => bundle.close());
describeGrounds((ground) => {
  beforeEach(async () => {
    lab = await NetskopeLab.open(bundle.file, { ground, users: 1_200 });
    ({ drover } = lab);
    await lab.connect();
  });
  afterEach(() => lab.close());

  async function importIdentities(values: readonly string[]): Promise<void> {
    const file = join(drover.folder, 'users.txt');
    await writeFile(file, values.map((value) => `${value}\n`).join(''));
    await drover.json('objects', 'import', file, '--collection', 'staff', '--type', 'identity');
  }

  async function scim(): Promise<NetskopeState['scim']> {
    const reply = await fetch(`${lab.simulator.url}/__sim/state`);
    return ((await reply.json()) as NetskopeState).scim;
  }

  function run(plugin: string, config: object = {}) {
    const what = ['action', 'run', `netskope.${plugin}`, '--collection', 'staff', '--connection', 'lab'];
    return drover.run([...what, '--config', JSON.stringify(config), '--json']);
  }

  function command(name: string, input: object, ...more: string[]) {
    const what = ['command', 'run', `netskope.scim-${name}`, '--connection', 'lab'];
    return drover.run([...what, '--input', JSON.stringify(input), ...more]);
  }

  describe('SCIM actions in the sandbox', () => {
    it('make users of identities, put them into a new group, and exchange its members', async () => {
      await importIdentities(['ada@example.com', 'grace@example.com', 'user7@example.com']);
      const users = await run('scim-provision-users');
      expect(users).toMatchObject({
        exitCode: 0,
        json: { summary: { counts: { succeeded: 1, unchanged: 2 } } },
      });
      const ada = (await scim()).users.find(({ userName }) => userName === 'ada@example.com')!;
      expect(ada).toMatchObject({ active: true, emails: [{ value: 'ada@example.com', primary: true }] });

      const group = await run('scim-provision-group', { groupName: 'New' });
      expect(group).toMatchObject({ exitCode: 0, json: { summary: { counts: { succeeded: 3 } } } });
      const created = (await scim()).groups.find(({ displayName }) => displayName === 'New')!;
      expect(created.members).toContain(ada.id);
      expect(created.members).toHaveLength(3);

      const replaced = await run('scim-update-group-members', { groupName: 'Watched', operation: 'replace' });
      expect(replaced).toMatchObject({
        exitCode: 0,
        json: { summary: { counts: { succeeded: 2, unchanged: 1 } } },
      });
      const watched = (await scim()).groups.find(({ displayName }) => displayName === 'Watched')!;
      expect(watched.members.toSorted()).toEqual(created.members.toSorted());

      const { data } = await drover.json('objects', 'list', '--collection', 'staff');
      const attributes = (data as { value: string; attributes: { name: string; value: unknown }[] }[]).find(
        ({ value }) => value === 'ada@example.com',
      )!.attributes;
      expect(attributes).toMatchObject([{ name: 'Netskope SCIM ID', value: ada.id, source: 'Netskope' }]);
    });

    it('name who is no SCIM user', async () => {
      await importIdentities(['nobody@example.com', 'edsger@example.com']);
      const { exitCode } = await run('scim-update-group-members', { groupName: 'Watched', operation: 'add' });
      expect(exitCode).toBe(2);
      const { outcomes } = await readBooks(drover, 'staff');
      const told = Object.fromEntries(outcomes.map(({ value, status, code }) => [value, code ?? status]));
      expect(told).toEqual({ 'nobody@example.com': 'NO_SCIM_USER', 'edsger@example.com': 'succeeded' });
    });
  });

  describe('SCIM commands', () => {
    it('do what the article does by hand: a user, a group with it, and another one added', async () => {
      const input = {
        userName: 'ada@example.com',
        givenName: 'Ada',
        familyName: 'Example',
        externalId: 'hr-1',
      };
      const user = await command('create-user', input, '--json');
      expect(user).toMatchObject({ exitCode: 0, json: { ...input, active: true } });
      const { id } = user.json as unknown as { id: string };
      expect(await command('get-user', { externalId: 'hr-1' }, '--json')).toMatchObject({ json: { id } });

      expect((await command('create-group', { displayName: 'Empty' })).exitCode).toBe(0);
      const members = { userNames: ['grace@example.com'] };
      const change = { displayName: 'Empty', operation: 'add', members: [id], ...members };
      expect((await command('patch-group', change)).exitCode).toBe(0);
      const group = await command('get-group', { displayName: 'Empty' }, '--json');
      expect(group).toMatchObject({ json: { members: [id, expect.any(String)] } });
    });

    if (ground === ONE_PROCESS) {
      it('list past the first thousand, as a table too', async () => {
        const { json } = await command('list-users', { limit: 5_000 }, '--json');
        expect(json['total']).toBe(1_202);
        expect(json['users']).toHaveLength(1_202);
        const table = await command('list-users', { limit: 2 });
        expect(table.stdout).toMatch(/grace@example\.com +Grace +Example/);
      });
    }

    if (ground === ONE_PROCESS) {
      it('say what is wrong with an input before anything is sent', async () => {
        const { exitCode, stderr } = await command('create-user', { active: 'yes' });
        expect(exitCode).toBe(1);
        expect(stderr).toContain('/userName');
        expect(stderr).toContain('/active');
        const conflict = await command('create-user', { userName: 'grace@example.com' });
        expect(conflict).toMatchObject({ exitCode: 3, stderr: expect.stringContaining('already exists') });
      });
    }
  });

  describe('SCIM users as a feed', () => {
    it('are kept as identities, and a second pull changes nothing', async () => {
      const create = [
        'feed',
        'create',
        'directory',
        '--plugin',
        'netskope.scim-fetch-users',
        '--connection',
        'lab',
      ];
      await drover.json(...create, '--every', '6h');
      const first = await drover.run(['feed', 'run', 'directory', '--json']);
      expect(first.exitCode).toBe(0);
      expect(JSON.stringify(first.json)).toContain('"created":1202');
      const second = await drover.run(['feed', 'run', 'directory', '--json']);
      expect(JSON.stringify(second.json)).toContain('"unchanged":1202');
    });
  });
});
