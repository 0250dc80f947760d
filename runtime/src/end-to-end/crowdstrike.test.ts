import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { BuiltDrover, until } from './built-drover.js';
import { CrowdstrikeLab, GRAPHQL, type LabOptions, packCrowdstrike } from './crowdstrike-lab.js';
import { describeGrounds } from './describe-grounds.js';
import { ONE_PROCESS } from './grounds.js';

/** A kill is looked at over many pages once; on the other ground it is enough that there are some. */
const SIZES: Record<string, { users: number; kills: [number, number]; pagesInAll: number }> = {
  'SQLite and one process': { users: 50_000, kills: [5, 20], pagesInAll: 51 },
  'PostgreSQL and Redis': { users: 12_000, kills: [3, 7], pagesInAll: 13 },
};

let bundle: Awaited<ReturnType<typeof packCrowdstrike>>;
let lab: CrowdstrikeLab;

beforeAll(async () => {
  bundle = await packCrowdstrike();
}, 60_000);
afterAll(() => bundle.close());
afterEach(() => lab.close());

describeGrounds((ground) => {
  const open = async (options: LabOptions) =>
    (lab = await CrowdstrikeLab.open(bundle.file, { ground, ...options }));

  describe('enriching users', () => {
    it('writes scores and bands onto identities, through a token that is refused in the middle', async () => {
      const { drover, simulator } = await open({ users: 1_200 });
      const file = join(drover.folder, 'users.txt');
      const asked = [...lab.addresses.slice(0, 600), 'USER9.alias@example.com', 'nobody@example.com'];
      await writeFile(file, asked.join('\n'));
      await drover.json('objects', 'import', file, '--collection', 'people', '--type', 'identity');
      simulator.order({
        match: { path: '/identity-protection/*' },
        nth: 2,
        effect: { kind: 'status', status: 401 },
      });
      const enrich = ['action', 'run', 'crowdstrike.enrich-identity-risk', '--collection', 'people'];
      const run = await drover.json(...enrich, '--connection', 'falcon');
      const unscored = simulator
        .users()
        .filter((user) => asked.includes(user.emailAddresses[0]!) && user.riskScore === null);
      expect(run.summary.counts).toMatchObject({
        succeeded: 601 - unscored.length,
        unchanged: 1 + unscored.length,
      });
      expect(simulator.state().tokens.issued).toBe(2);
      const { data } = await drover.json('objects', 'list', '--collection', 'people', '--limit', '1000');
      const alias = data.find(({ value }: { value: string }) => value.startsWith('USER9.alias'));
      const shown = await drover.json('objects', 'show', alias.id);
      const user9 = simulator
        .users()
        .find(({ emailAddresses }) => emailAddresses[0] === 'user9@example.com')!;
      expect(shown.attributes).toEqual(
        expect.arrayContaining([
          expect.objectContaining({ name: 'Risk Score', value: Number(user9.riskScore!.toFixed(2)) }),
          expect.objectContaining({ name: 'Score Band' }),
        ]),
      );
    }, 60_000);

    if (ground === ONE_PROCESS) {
      it('shows beforehand how many users each band would hold', async () => {
        const { drover } = await open({ users: 1_200 });
        const preview = [
          'command',
          'run',
          'crowdstrike.preview-score-bands',
          '--connection',
          'falcon',
          '--input',
        ];
        const output = await drover.json(...preview, '{"poorUpTo": 499, "moderateUpTo": 999}');
        expect(output).toMatchObject({
          users: 1_200,
          withoutScore: 30,
          withoutAddress: 12,
          isComplete: true,
        });
        const table = await drover.run([...preview, '{"poorUpTo": 499, "moderateUpTo": 999}']);
        expect(table.stdout).toMatch(/Poor\s+0\s+499/);
      }, 60_000);
    }
  });

  /** Makes the feed `risk` over everybody. */
  async function makeFeed(config: object = { initialRangeDays: 0 }): Promise<void> {
    const feed = [
      'feed',
      'create',
      'risk',
      '--plugin',
      'crowdstrike.fetch-identity-risk',
      '--connection',
      'falcon',
    ];
    await lab.drover.json(...feed, '--every', '1h', '--config', JSON.stringify(config));
  }

  const pull = () => lab.drover.json('feed', 'run', 'risk');
  /** Values of the identities in the library. */
  const identities = () => lab.drover.count(`objects where type = 'identity'`);

  describe('pulling users', () => {
    it('keeps them with their scores; unchanged the second time, and only what changed the third', async () => {
      const { drover, simulator } = await open({ users: 3_300 });
      await makeFeed();
      const first = await pull();
      expect(first.status).toBe('succeeded');
      expect(first.counts).toMatchObject({
        created: 3_300,
        updated: 0,
        unchanged: 0,
        skipped: 33,
        rejected: 0,
        pages: 4,
      });
      expect(await identities()).toBe(3_300);

      const second = await pull();
      expect(second.counts).toMatchObject({ created: 0, updated: 0, unchanged: 3_300, skipped: 33 });

      simulator.changeUser('user7@example.com', { riskScore: 0.95 });
      simulator.changeUser('user3000@example.com', { riskScore: 0.051 });
      simulator.changeUser('user8@example.com', { archived: true });
      const third = await pull();
      expect(third.counts).toMatchObject({ created: 0, updated: 2, unchanged: 3_297 });
      const { data } = await drover.json('objects', 'list', '--collection', 'risk', '--limit', '20');
      const { id } = data.find(({ value }: { value: string }) => value === 'user7@example.com');
      expect((await drover.json('objects', 'show', id)).attributes).toEqual(
        expect.arrayContaining([
          expect.objectContaining({ name: 'Risk Score', value: 0.95 }),
          expect.objectContaining({ name: 'Netskope Normalized Score', value: 50 }),
          expect.objectContaining({ name: 'Score Band', value: 'Poor' }),
        ]),
      );
    }, 120_000);

    it('takes the accounts of the initial range first, and everybody after', async () => {
      const { simulator } = await open({ users: 2_200 });
      await makeFeed({ initialRangeDays: 30 });
      const monthAgo = Date.now() - 30 * 86_400_000;
      const young = simulator
        .users()
        .filter((user) => user.createdAtMs >= monthAgo && !user.archived && user.emailAddresses.length > 0);
      expect((await pull()).counts).toMatchObject({ created: young.length, pages: 1 });
      expect((await pull()).counts).toMatchObject({ created: 2_200 - young.length, unchanged: young.length });
    }, 120_000);

    it('goes through tokens that are refused or have expired in the middle', async () => {
      const { simulator } = await open({ users: 4_400, tokenLifeS: 2, latencyMs: 700 });
      await makeFeed();
      simulator.order({ match: { path: GRAPHQL }, nth: 2, effect: { kind: 'status', status: 401 } });
      expect(await pull()).toMatchObject({ status: 'succeeded', counts: { created: 4_400 } });
      expect(simulator.state().tokens.issued).toBeGreaterThanOrEqual(3);
    }, 120_000);

    it('goes on with its next page after a kill: nothing is lost and nothing doubled', async () => {
      const { users, kills, pagesInAll } = SIZES[ground.name]!;
      const { drover } = await open({ users, latencyMs: 20 });
      await makeFeed();
      const built = BuiltDrover.beside(drover);
      const pagesKept = async () =>
        ((await drover.ask('select pages from pulls'))[0]?.['pages'] as number) ?? 0;
      for (const pages of kills) {
        const doomed = built.start(['feed', 'run', 'risk']);
        await until(async () => (await pagesKept()) >= pages, { what: `${pages} pages`, withinMs: 60_000 });
        await doomed.killed();
      }
      const kept = await pagesKept();
      expect(kept).toBeGreaterThanOrEqual(kills[1]);
      expect(kept).toBeLessThan(pagesInAll);
      expect(await pull()).toMatchObject({
        status: 'succeeded',
        counts: { created: users, unchanged: 0, skipped: users / 100, pages: pagesInAll },
      });
      expect(await identities()).toBe(users);
      // Whatever was asked for when the process was killed was asked for again; no page before it was.
      expect(lab.pages).toBeLessThanOrEqual(pagesInAll + 2 * 2);
      const [values] = await drover.ask(
        `select count(distinct o.value) as n from objects o join attributes a on a.object_seq = o.seq and a.name = 'Score Band'`,
      );
      const unscored = users / 40;
      expect(values!['n']).toBe(users - unscored);
    }, 180_000);
  });
});
