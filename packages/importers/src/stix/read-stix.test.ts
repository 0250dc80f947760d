import { describe, expect, test } from '@jest/globals';
import { isFault } from '@drover/model';
import type { Row } from '../rows.js';
import { readStix } from './read-stix.js';

async function read(
  text: string,
  chunkSize = 11,
): Promise<{ rows: Row[]; fault?: { code: string; path?: string } }> {
  async function* chunks(): AsyncGenerator<string> {
    for (let at = 0; at < text.length; at += chunkSize) yield text.slice(at, at + chunkSize);
  }
  const rows: Row[] = [];
  try {
    for await (const page of readStix(chunks())) rows.push(...page);
    return { rows };
  } catch (error) {
    if (!isFault(error)) throw error;
    return { rows, fault: { code: error.code, path: error.path } };
  }
}

function bundle(...objects: unknown[]): string {
  return JSON.stringify({ type: 'bundle', id: 'bundle--1', objects });
}

/** What a row offers, or why it was refused. */
function told(row: Row): string {
  return row.kind === 'offered' ? `${row.subtype ?? row.type} ${row.value}` : `${row.code} ${row.value}`;
}

function indicator(pattern: unknown, more: object = {}): object {
  return { type: 'indicator', id: 'indicator--1', pattern, pattern_type: 'stix', ...more };
}

describe('readStix', () => {
  test.each([
    ["[url:value = 'https://example.com/']", ['URL https://example.com/']],
    ["[file:hashes.MD5 = 'a' OR file:hashes.'SHA-256' = 'b']", ['MD5 a', 'SHA-256 b']],
    [
      "[domain-name:value = 'example.com'] OR [ipv6-addr:value = '2001:db8::1']",
      ['FQDN example.com', 'IPv6 Address 2001:db8::1'],
    ],
    ["[ipv4-addr:value = '192.0.2.0/24']", ['CIDR 192.0.2.0/24']],
    ["[ipv4-addr:value = '192.0.2.7/32']", ['IP Address 192.0.2.7']],
    ["[email-message:from_ref.value = 'a@example.com']", ['Email Address a@example.com']],
    [
      "[url:value = 'a' OR process:name = 'b']",
      ['URL a', "STIX_PATTERN_UNSUPPORTED [url:value = 'a' OR process:name = 'b']"],
    ],
    ["[file:hashes.'SHA3-256' = 'a']", ["STIX_PATTERN_UNSUPPORTED [file:hashes.'SHA3-256' = 'a']"]],
    ["[file:hashes.FQDN = 'a']", ["STIX_PATTERN_UNSUPPORTED [file:hashes.FQDN = 'a']"]],
    ["[a:b = 'x' AND c:d = 'y']", ["STIX_PATTERN_UNSUPPORTED [a:b = 'x' AND c:d = 'y']"]],
    ["[constructor:name = 'x']", ["STIX_PATTERN_UNSUPPORTED [constructor:name = 'x']"]],
    ['[oops', ['STIX_PATTERN_INVALID [oops']],
    [undefined, ['ROW_MALFORMED indicator--1']],
  ])('an indicator with %s', async (pattern, rows) => {
    expect((await read(bundle(indicator(pattern)))).rows.map(told)).toEqual(rows);
  });

  test('an indicator in another language, or revoked, is refused', async () => {
    const { rows } = await read(
      bundle(
        indicator('rule a {}', { pattern_type: 'yara' }),
        indicator("[url:value = 'a']", { revoked: true }),
      ),
    );
    expect(rows.map(told)).toEqual(['STIX_PATTERN_UNSUPPORTED rule a {}', "STIX_REVOKED [url:value = 'a']"]);
  });

  test('what an indicator says of itself becomes attributes', async () => {
    const more = {
      name: 'n',
      confidence: 80,
      labels: ['a', 'b'],
      description: 'd',
      valid_until: '',
      kill_chain_phases: [{}],
    };
    const { rows } = await read(bundle(indicator("[url:value = 'a']", more)));
    expect(rows).toMatchObject([
      {
        attributes: [
          { name: 'name', value: 'n' },
          { name: 'confidence', value: 80 },
          { name: 'labels', value: 'a' },
          { name: 'labels', value: 'b' },
          { name: 'stix_id', value: 'indicator--1' },
        ],
      },
    ]);
  });

  test.each([
    [{ type: 'file', hashes: { MD5: 'a', 'SHA-1': 'b', SSDEEP: 'c' }, name: 'n' }, ['MD5 a', 'SHA-1 b']],
    [{ type: 'file', name: 'n' }, ['Filename n']],
    [{ type: 'file', id: 'file--1', hashes: { SSDEEP: 'c' } }, ['STIX_OBJECT_UNSUPPORTED file--1']],
    [{ type: 'ipv4-addr', value: '192.0.2.1' }, ['IP Address 192.0.2.1']],
    [{ type: 'domain-name', value: 'example.com' }, ['FQDN example.com']],
    [{ type: 'email-addr', value: 'a@example.com' }, ['Email Address a@example.com']],
    [{ type: 'autonomous-system', number: 64496 }, ['ASN 64496']],
    [{ type: 'user-account', user_id: '1001', account_login: 'dana' }, ['identity dana']],
    [{ type: 'user-account', id: 'user-account--1' }, ['STIX_OBJECT_UNSUPPORTED user-account--1']],
    [{ type: 'relationship', id: 'relationship--1' }, ['STIX_OBJECT_UNSUPPORTED relationship--1']],
    [{ type: 'constructor' }, ['STIX_OBJECT_UNSUPPORTED constructor']],
    [{ id: 'x--1' }, ['ROW_MALFORMED x--1']],
    ['text', ['ROW_MALFORMED ']],
    [[{ type: 'url', value: 'a' }], ['ROW_MALFORMED ']],
  ])('%j', async (object, rows) => {
    expect((await read(bundle(object, { type: 'url', value: 'next' }))).rows.map(told)).toEqual([
      ...rows,
      'URL next',
    ]);
  });

  test('rows have the line on which their object begins, whatever the chunks', async () => {
    const text = JSON.stringify(
      JSON.parse(bundle({ type: 'url', value: 'a' }, { type: 'url', value: 'b}' })),
      null,
      2,
    );
    for (const chunkSize of [1, 5, 10_000]) {
      const { rows } = await read(text, chunkSize);
      expect(rows.map(({ line }) => line)).toEqual([5, 9]);
    }
  });

  test('an object that is too large or too deep is refused, not held', async () => {
    const large = { id: 'x--1', type: 'url', value: 'x'.repeat(300_000) };
    const deep = { id: 'x--2', type: 'url', extensions: JSON.parse('['.repeat(80) + ']'.repeat(80)) };
    const { rows } = await read(bundle(large, deep, { type: 'url', value: 'next' }), 4_000);
    expect(rows.map(told)).toEqual(['ROW_TOO_LONG x--1', 'ROW_TOO_LONG x--2', 'URL next']);
  });

  test('keys outside of the list of objects are passed over', async () => {
    const text =
      '{"x_objects":[{"type":"url","value":"a"}],"x":{"objects":[1]},"type":"bundle","objects":[]}';
    expect(await read(text)).toEqual({ rows: [] });
  });

  test.each([
    [
      'broken in the middle',
      '{"type":"bundle","objects":[\n{"type":"url","value":"a"},\n{"type" oops}]}',
      1,
      'line 3',
    ],
    [
      'broken in one long line',
      '{"type":"bundle","objects":[{"type":"url","value":"a"},{"type" oops}]}',
      1,
      'line 1',
    ],
    ['cut off', '{"type":"bundle","objects":[\n{"type":"url","value":"a"},\n{"type":', 1, 'line 3'],
    ['followed by more', '{"type":"bundle","objects":[]}\n{}', 0, 'line 2'],
    ['a list', '[]', 0, 'line 1'],
    ['a text', '"x"', 0, 'line 1'],
    ['empty', '', 0, 'line 1'],
    ['without objects', '{"type":"bundle"}', 0, 'line 1'],
    ['of another type', '{"type":"report","objects":[{"type":"url","value":"a"}]}', 0, 'line 1'],
    ['with objects that are no list', '{"objects":{"a":1}}', 0, 'line 1'],
    ['nested without end', `{"objects":[{"a":${'['.repeat(100_000)}`, 0, 'line 1'],
  ])('a file that is %s is a fault with its place, after the rows before it', async (_, text, rows, path) => {
    for (const chunkSize of [7, 100_000]) {
      const found = await read(text, chunkSize);
      expect(found.fault).toEqual({ code: 'IMPORT_MALFORMED', path });
      expect(found.rows).toHaveLength(rows);
    }
  });
});
