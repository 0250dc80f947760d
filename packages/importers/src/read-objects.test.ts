import { Readable } from 'node:stream';
import { describe, expect, test } from '@jest/globals';
import { isFault, type ObjectDraft } from '@drover/model';
import { readObjects, type ReadOptions } from './read-objects.js';

type Told = [line: number, draft: ObjectDraft] | [line: number, code: string, value: string];

interface Read {
  rows: Told[];
  fault?: { code: string; path?: string };
}

async function read(text: string | Buffer, options: ReadOptions = {}): Promise<Read> {
  const rows: Told[] = [];
  try {
    for await (const page of readObjects(Readable.from([Buffer.from(text as string)]), options)) {
      for (const row of page) {
        rows.push(row.kind === 'draft' ? [row.line, row.draft] : [row.line, row.code, row.value]);
      }
    }
    return { rows };
  } catch (error) {
    if (!isFault(error)) throw error;
    return { rows, fault: { code: error.code, ...(error.path === undefined ? {} : { path: error.path }) } };
  }
}

const MD5 = '0123456789abcdef0123456789abcdef';
const md5 = { type: 'indicator', subtype: 'MD5', value: MD5 };
const fqdn = { type: 'indicator', subtype: 'FQDN', value: 'example.com' };

describe('CSV', () => {
  test('columns are type, subtype, value, aliases, status and attributes', async () => {
    const text = [
      'Type;Sub Type;VALUE;aliases;Status;score;zip;first seen',
      `Indicator;md5;${MD5.toUpperCase()};;Active;42;00123;2026-01-02`,
      'identity;;dana@Example.com;dmoss|dana@example.com;;-1.5;1e3;',
    ].join('\n');
    expect((await read(text)).rows).toEqual([
      [
        2,
        {
          ...md5,
          status: 'Active',
          attributes: [
            { name: 'score', value: 42 },
            { name: 'zip', value: '00123' },
            { name: 'first seen', value: '2026-01-02' },
          ],
        },
      ],
      [
        3,
        {
          type: 'identity',
          value: 'dana@example.com',
          aliases: ['dmoss'],
          attributes: [
            { name: 'score', value: -1.5 },
            { name: 'zip', value: '1e3' },
          ],
        },
      ],
    ]);
  });

  test('a byte order mark, blank rows, quotes and a missing last line break do not matter', async () => {
    const { rows } = await read(`\ufeff\n"value","type"\r\n"x, ""y""\nz",asset\r\n,\r\n\r\nw,asset`);
    expect(rows).toEqual([
      [3, 'VALUE_CHARACTERS', 'x, "y"\nz'],
      [7, { type: 'asset', value: 'w' }],
    ]);
  });

  test('what the rows do not say is taken from the options', async () => {
    const { rows } = await read(`value,subtype\n${MD5},\nexample.com,domain`, {
      type: 'indicator',
      subtype: 'MD5',
    });
    expect(rows).toEqual([
      [2, md5],
      [3, fqdn],
    ]);
    const mixed = await read(`value,type\nexample.com,ioc\ndana,identity`, { subtype: 'FQDN' });
    expect(mixed.rows).toEqual([
      [2, fqdn],
      [3, { type: 'identity', value: 'dana' }],
    ]);
  });

  test.each([
    ['no type', ',,x', 'TYPE_MISSING', 'x'],
    ['an unknown type', 'indcator,MD5,x', 'TYPE_UNKNOWN', 'x'],
    ['an unknown subtype', 'indicator,MD6,x', 'SUBTYPE_UNKNOWN', 'x'],
    ['no value', 'indicator,MD5,', 'VALUE_EMPTY', ''],
    ['a value that does not fit', 'indicator,MD5,123', 'HASH_INVALID', '123'],
    ['a cell without a column', `indicator,MD5,${MD5},a,b`, 'ROW_MALFORMED', MD5],
    ['a bad alias', `asset,,x,"${'y'.repeat(3_000)}"`, 'VALUE_TOO_LONG', 'x'],
    ['a long attribute', `asset,,x,,,${'y'.repeat(3_000)}`, 'ATTRIBUTE_INVALID', 'x'],
    ['a broken quote', 'asset,,"x"y', 'ROW_MALFORMED', 'asset,,"x"y'],
  ])('%s is refused, the rest goes in', async (what, row, code, value) => {
    const header =
      what === 'a cell without a column' ? 'type,subtype,value,' : 'type,subtype,value,aliases,status,note';
    const { rows } = await read(`${header}\n${row}\nasset,,next`);
    expect(rows).toEqual([
      [2, code, value],
      [3, { type: 'asset', value: 'next' }],
    ]);
  });

  test.each([
    ['type,vlaue\n', {}, 'IMPORT_COLUMNS_INVALID', 'line 1'],
    ['\n\ntype,values,Value,value\n', {}, 'IMPORT_COLUMNS_INVALID', 'line 3'],
    ['value,a,a\n', { type: 'asset' }, 'IMPORT_COLUMNS_INVALID', 'line 1'],
    ['value\nx', {}, 'IMPORT_TYPE_MISSING', 'line 1'],
    ['', {}, 'IMPORT_COLUMNS_INVALID', undefined],
  ])('the header %j is a fault', async (text, options, code, path) => {
    const { rows, fault } = await read(text, { ...options, format: 'csv' });
    expect(rows).toEqual([]);
    expect(fault).toEqual(path === undefined ? { code } : { code, path });
  });

  test('the fault names the column that was meant', async () => {
    const pages = readObjects(Readable.from([Buffer.from('type,vlaue\n')]), { format: 'csv' });
    await expect(pages.next()).rejects.toThrow(
      'No column "value" among: type, vlaue; rename "vlaue" to "value".',
    );
  });
});

describe('JSON Lines', () => {
  test('takes objects, also as they are exported', async () => {
    const exported = {
      id: 'obj_1',
      type: 'indicator',
      subtype: 'MD5',
      value: MD5,
      aliases: [],
      attributes: [{ name: 'score', value: 7, source: 'file', at: '2026-01-01T00:00:00Z' }],
      sources: ['file'],
      revision: 3,
      createdAt: '2026-01-01T00:00:00Z',
      updatedAt: '2026-01-01T00:00:00Z',
    };
    const text = [
      JSON.stringify(exported),
      '',
      '{"type":"user","value":1007,"attributes":{"groups":["a","b"],"admin":true},"status":"Active"}',
    ].join('\n');
    expect((await read(text)).rows).toEqual([
      [1, { ...md5, attributes: [{ name: 'score', value: 7 }] }],
      [
        3,
        {
          type: 'identity',
          value: '1007',
          status: 'Active',
          attributes: [
            { name: 'groups', value: 'a' },
            { name: 'groups', value: 'b' },
            { name: 'admin', value: true },
          ],
        },
      ],
    ]);
  });

  test.each([
    ['{"type":', 'ROW_MALFORMED'],
    ['[1]', 'ROW_MALFORMED'],
    ['{"type":"asset"}', 'ROW_MALFORMED'],
    ['{"type":5,"value":"x"}', 'ROW_MALFORMED'],
    ['{"type":"asset","value":"x","colour":"red"}', 'ROW_MALFORMED'],
    ['{"type":"asset","value":"x","aliases":"y"}', 'ROW_MALFORMED'],
    ['{"type":"asset","value":"x","attributes":{"a":{}}}', 'ROW_MALFORMED'],
    ['{"type":"asset","value":"x","attributes":"a"}', 'ROW_MALFORMED'],
    ['{"type":"asset","value":"x","attributes":[5]}', 'ROW_MALFORMED'],
    ['{"type":"asset","value":"x","attributes":{"":"a"}}', 'ATTRIBUTE_INVALID'],
    ['{"type":"asset","value":"x","attributes":{"a":"\\u0000"}}', 'ATTRIBUTE_INVALID'],
    ['{"type":"asset","value":"x","status":""}', 'ROW_MALFORMED'],
    ['{"type":"asset","value":"a\\u0000"}', 'VALUE_CHARACTERS'],
    [`{"type":"asset","value":"${'x'.repeat(70_000)}"}`, 'ROW_TOO_LONG'],
  ])('%.60s is refused, the rest goes in', async (line, code) => {
    const { rows } = await read(`${line}\n{"type":"asset","value":"next"}`, { format: 'jsonl' });
    expect(rows).toEqual([
      [1, code, expect.any(String)],
      [2, { type: 'asset', value: 'next' }],
    ]);
  });
});

describe('plain lists', () => {
  test('have a value a line, comments and blank lines left out', async () => {
    const text = `# names\n\nExample[.]com\n  # more\nnot a name\n${'x'.repeat(70_000)}`;
    const { rows } = await read(text, { fileName: 'names.txt', subtype: 'domain' });
    expect(rows).toEqual([
      [3, fqdn],
      [5, 'FQDN_INVALID', 'not a name'],
      [6, 'ROW_TOO_LONG', expect.stringMatching(/^x{499}…$/)],
    ]);
  });

  test.each([
    [{}, 'IMPORT_TYPE_MISSING'],
    [{ type: 'indicator' }, 'SUBTYPE_MISSING'],
    [{ type: 'nothing' }, 'TYPE_UNKNOWN'],
    [{ type: 'indicator', subtype: 'MD6' }, 'SUBTYPE_UNKNOWN'],
    [{ type: 'identity', subtype: 'MD5' }, 'SUBTYPE_NOT_ALLOWED'],
  ])('with %j are the fault %s', async (options, code) => {
    expect((await read('x', { ...options, format: 'list' })).fault).toEqual({ code });
  });
});

describe('the format', () => {
  test.each([
    ['value,type\nx,asset', undefined, 1],
    ['type\tvalue\nasset\tx', 'file.dat', 1],
    ['{"type":"asset","value":"x"}\n', 'x.json', 1],
    ['{"type": "bundle", "objects": []}', 'x.json', 0],
    ['{\n "type": "bundle", "objects": []}', undefined, 0],
    ['{"objects": []}', undefined, 0],
  ])('of %j named %j is told', async (text, fileName, rows) => {
    const found = await read(text, { fileName });
    expect(found.fault).toBeUndefined();
    expect(found.rows).toHaveLength(rows);
  });

  test.each([['<stix/>'], ['[{"value":"x"}]'], ['example.com\n'], ['']])(
    'of %j is not told',
    async (text) => {
      expect((await read(text)).fault).toEqual({ code: 'IMPORT_FORMAT_UNKNOWN' });
    },
  );

  test('of values without anything around is a list when their type is given', async () => {
    expect((await read('example.com\n', { subtype: 'FQDN' })).rows).toEqual([[1, fqdn]]);
  });
});
