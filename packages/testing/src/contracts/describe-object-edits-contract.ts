import { beforeEach, describe, expect, it } from '@jest/globals';
import type { ObjectEdit, ObjectLibrary } from '@drover/engine';
import { type DroverObject, newId } from '@drover/model';

const AT = new Date('2026-03-01T00:00:00.000Z');
const FUTURE = new Date('2030-01-01T00:00:00.000Z');

/** What every object library does with edits. `open` gives one over an empty store. */
export function describeObjectEditsContract(open: () => Promise<ObjectLibrary>): void {
  describe('edits', () => {
    let objects: ObjectLibrary;
    let incident: DroverObject;

    beforeEach(async () => {
      objects = await open();
      const draft = {
        type: 'incident',
        value: 'INC-1',
        aliases: ['first'],
        attributes: [{ name: 'Category', value: 'open' }],
        status: 'open',
      };
      await objects.upsert([draft, { type: 'incident', value: 'INC-2', aliases: ['second'] }], {
        source: 'Example Feed',
        at: FUTURE,
      });
      [incident] = (await objects.find({ type: 'incident', values: ['INC-1'] })) as [DroverObject];
    });

    const edit = (changes: Partial<ObjectEdit>) =>
      objects.edit(incident.id, { source: 'manual', at: AT, ...changes });

    it('sets status, attributes and aliases at once, over values that a later clock has said', async () => {
      const attributes = [
        { name: 'Category', value: 'closed' },
        { name: 'Score', value: 7.5 },
        { name: 'Seen', value: true },
      ];
      const { object, changed } = await edit({ status: 'closed', attributes, aliases: ['third'] });
      expect(changed).toBe(true);
      expect(object).toMatchObject({
        status: 'closed',
        revision: incident.revision + 1,
        aliases: ['first', 'third'],
        sources: ['Example Feed', 'manual'],
      });
      expect(object.attributes.map(({ name, value, source }) => [name, value, source])).toEqual([
        ['Category', 'open', 'Example Feed'],
        ['Category', 'closed', 'manual'],
        ['Score', 7.5, 'manual'],
        ['Seen', true, 'manual'],
      ]);
      const history = await objects.history(incident.id);
      expect(history).toEqual(
        expect.arrayContaining([
          expect.objectContaining({ name: 'status', value: 'closed', source: 'manual', mode: 'status' }),
          expect.objectContaining({ name: 'Score', value: 7.5, mode: 'replace', applied: true }),
        ]),
      );
    });

    it('changes nothing and counts no revision when all is so already', async () => {
      const changes = {
        status: 'closed',
        attributes: [{ name: 'Category', value: 'x' }],
        aliases: ['first', 'third'],
      };
      const first = await edit(changes);
      const history = await objects.history(incident.id);
      const second = await edit(changes);
      expect(second).toMatchObject({ changed: false, object: { revision: first.object.revision } });
      expect(await objects.history(incident.id)).toEqual(history);
      expect((await edit({})).changed).toBe(false);
      expect((await edit({ removeAttributes: ['Nothing'], aliases: ['INC-1'] })).changed).toBe(false);
    });

    it('replaces a value of the same source, again and again at one time', async () => {
      for (const value of ['b', 'a', 'c', 'b']) {
        const { object } = await edit({ attributes: [{ name: 'Owner', value }] });
        expect(object.attributes.filter(({ name }) => name === 'Owner')).toMatchObject([{ value }]);
      }
    });

    it('removes what the source said and keeps it in the history; what others said needs their name', async () => {
      await edit({ attributes: [{ name: 'Owner', value: 'ann' }] });
      const { object } = await edit({ removeAttributes: ['Owner'] });
      expect(object.attributes.map(({ name }) => name)).toEqual(['Category']);
      expect(await objects.history(incident.id)).toEqual(
        expect.arrayContaining([expect.objectContaining({ name: 'Owner', value: 'ann', mode: 'remove' })]),
      );
      await expect(edit({ removeAttributes: ['Category'], status: 'closed' })).rejects.toMatchObject({
        code: 'INVALID_ARGUMENT',
        message: expect.stringContaining('Example Feed'),
      });
      expect(await objects.get(incident.id)).toMatchObject({ status: 'open' });
      const byFeed = await edit({ removeAttributes: ['Category'], source: 'Example Feed' });
      expect(byFeed.object.attributes).toEqual([]);
    });

    it('refuses an alias or value of another object, naming it, and then changes nothing', async () => {
      for (const alias of ['second', 'INC-2']) {
        await expect(edit({ aliases: [alias], status: 'closed' })).rejects.toMatchObject({
          code: 'ALIAS_TAKEN',
          message: expect.stringContaining('INC-2'),
        });
      }
      expect(await objects.get(incident.id)).toMatchObject({ status: 'open', aliases: ['first'] });
    });

    it('finds objects by value or alias within a type', async () => {
      const find = async (type: string, ...values: string[]) =>
        (await objects.find({ type, values })).map(({ value }) => value);
      expect(await find('incident', 'second')).toEqual(['INC-2']);
      expect(await find('incident', 'INC-2', 'first', 'none')).toEqual(['INC-1', 'INC-2']);
      expect(await find('asset', 'INC-1')).toEqual([]);
      expect(await find('incident')).toEqual([]);
    });

    it('has nothing to edit by an id of nothing', async () => {
      const edited = objects.edit(newId('object'), { source: 'manual', at: AT, status: 'x' });
      await expect(edited).rejects.toMatchObject({ code: 'NOT_FOUND' });
    });
  });
}
