import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { until } from './built-drover.js';
import { FeedSite } from './feed-site.js';
import { describeGrounds } from './describe-grounds.js';
import { ONE_PROCESS } from './grounds.js';

let site: FeedSite;

describeGrounds((ground) => {
  beforeEach(async () => {
    site = await FeedSite.open(ground);
  }, 60_000);
  afterEach(() => site.close());

  describe('a feed', () => {
    it('brings the vendor’s objects, which an action then runs over', async () => {
      const { drover } = site;
      const feed = await drover.json(...site.create());
      expect(feed).toMatchObject({
        name: 'hosts',
        collection: 'hosts',
        status: 'enabled',
        config: { site: 'north' },
      });
      const pull = await drover.run(['feed', 'run', 'hosts', '--json']);
      expect(pull.exitCode).toBe(0);
      expect(pull.json).toMatchObject({
        status: 'succeeded',
        counts: { pages: 5, created: 500, updated: 0, unchanged: 0 },
        vendorCalls: 5,
      });
      const again = await drover.json('feed', 'run', 'hosts');
      expect(again.counts).toMatchObject({ created: 0, updated: 0, unchanged: 500 });
      expect(await drover.json('collection', 'show', 'hosts')).toMatchObject({ objects: 500 });
      const plan = [
        'action',
        'run',
        'acme.tag-host',
        '--collection',
        'hosts',
        '--connection',
        'lab',
        '--plan',
      ];
      expect((await drover.json(...plan)).summary.objects).toBeGreaterThan(0);
      const shown = await drover.run(['feed', 'show', 'hosts']);
      expect(shown.stdout).toMatch(/500 present, 0 absent/);
      expect((await drover.run(['feed', 'list'])).stdout).toMatch(
        /hosts +acme\.hosts +lab +1m +enabled +500/,
      );
      const kinds = (await drover.json('plugin', 'list')).map(({ kind }: { kind: string }) => kind);
      expect(kinds).toEqual(['action', 'feed']);
      await drover.json('feed', 'remove', 'hosts');
      expect(await drover.json('feed', 'list')).toEqual([]);
      expect(await drover.json('collection', 'show', 'hosts')).toMatchObject({ objects: 500 });
    }, 60_000);

    it('fails with the vendor’s fault, backs off, and says so', async () => {
      await site.drover.json(...site.create());
      site.vendor.status = 401;
      const pull = await site.drover.run(['feed', 'run', 'hosts', '--json']);
      expect(pull.exitCode).toBe(3);
      expect(pull.json).toMatchObject({ status: 'failed', fault: { code: 'CREDENTIALS_REFUSED' } });
      expect((await site.drover.run(['feed', 'list'])).stdout).toContain('backing off (1 failure)');
    }, 60_000);

    if (ground === ONE_PROCESS) {
      it.each<[string, string[], RegExp]>([
        ['an interval of nothing', ['--every', '0m'], /1m to 720h/],
        ['an interval without a unit', ['--every', '15'], /1m to 720h/],
        ['a plugin that is not there', ['--plugin', 'acme.nothing'], /acme\.hosts/],
        ['an action', ['--plugin', 'acme.tag-host'], /drover action run acme\.tag-host/],
        ['no passes at all', ['--absent-after', '0'], /whole number from 1/],
      ])('refuses %s', async (_name, more, reason) => {
        const refused = await site.drover.run(site.create('hosts', ...more));
        expect([refused.exitCode, refused.stderr]).toEqual([1, expect.stringMatching(reason)]);
        expect(await site.drover.json('feed', 'list')).toEqual([]);
      });
    }

    if (ground === ONE_PROCESS) {
      it('refuses a config that does not hold, a name that is taken, and to be run as an action', async () => {
        const { drover } = site;
        const wrong = await drover.run(
          site.create('hosts', '--config', '{"site": 1, "other": 2}', '--set', 'site='),
        );
        expect([wrong.exitCode, wrong.stderr]).toEqual([78, expect.stringContaining('acme.hosts')]);
        await drover.json(...site.create());
        const taken = await drover.run(site.create());
        expect([taken.exitCode, taken.stderr]).toEqual([1, expect.stringContaining('FEED_EXISTS')]);
        const action = ['action', 'run', 'acme.hosts', '--collection', 'hosts', '--connection', 'lab'];
        const refused = await drover.run(action);
        expect([refused.exitCode, refused.stderr]).toEqual([
          1,
          expect.stringContaining('drover feed create'),
        ]);
        const none = await drover.run(['feed', 'run', 'nothing']);
        expect([none.exitCode, none.stderr]).toEqual([1, expect.stringContaining('hosts')]);
      });
    }
  });

  describe('a command that is killed while it pulls', () => {
    const rows = (table: string) => site.drover.count(table);

    it('feed run: the same command goes on at the next page', async () => {
      await site.drover.json(...site.create());
      site.vendor.silentFrom = 3;
      const doomed = site.built.start(['feed', 'run', 'hosts']);
      await until(() => site.vendor.asked.includes(3), { what: 'the fourth page' });
      // The fourth is asked for while the third is being kept.
      await until(async () => (await rows('objects')) === 300, { what: 'the third page to be kept' });
      await doomed.killed();
      expect(await rows('objects')).toBe(300);
      site.vendor.silentFrom = Infinity;
      const again = await site.built.run(['feed', 'run', 'hosts', '--json']);
      expect(again.exitCode).toBe(0);
      expect(again.json).toMatchObject({
        status: 'succeeded',
        attempt: 2,
        counts: { pages: 5, created: 500, unchanged: 0 },
      });
      expect(site.vendor.asked).toEqual([0, 1, 2, 3, 3, 4]);
      for (const table of ['objects', 'collection_members', 'feed_objects']) {
        expect([table, await rows(table)]).toEqual([table, 500]);
      }
      expect(await rows('pulls')).toBe(1);
    }, 60_000);

    if (ground === ONE_PROCESS) {
      it('serve: the process that stands by takes over, and ends in good order', async () => {
        await site.drover.json(...site.create());
        site.vendor.silentFrom = 2;
        const doomed = site.built.start(['serve']);
        await until(() => site.vendor.asked.includes(2), { what: 'the third page' });
        const standby = site.built.start(['serve', '--json']);
        await standby.printed(/"stand-by"/);
        await doomed.killed();
        site.vendor.silentFrom = Infinity;
        await until(async () => (await rows('objects')) === 500, {
          what: 'the rest of the pages',
          withinMs: 30_000,
        });
        await until(
          async () => (await site.drover.json('feed', 'show', 'hosts')).lastPull.status === 'succeeded',
          {
            what: 'the end of the pull',
          },
        );
        expect(site.vendor.asked.slice(0, 6)).toEqual([0, 1, 2, 2, 3, 4]);
        standby.interrupt();
        expect((await standby.ended).exitCode).toBe(0);
        const shown = await site.drover.json('feed', 'show', 'hosts');
        expect(shown.pulls[0]).toMatchObject({ trigger: 'schedule', attempt: 2, counts: { created: 500 } });
        expect(await rows('feed_objects')).toBe(500);
      }, 90_000);
    }
  });
});
