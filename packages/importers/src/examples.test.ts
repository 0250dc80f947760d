import { createReadStream } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from '@jest/globals';
import type { ObjectDraft } from '@drover/model';
import { importObjects, type ImportOptions, type ImportReport } from './import-objects.js';

function examplePath(name: string): string {
  return fileURLToPath(new URL(`../../../examples/${name}`, import.meta.url));
}

/** Imports an example into a library that is empty before. */
async function importExample(
  fileName: string,
  options: Partial<ImportOptions> = {},
): Promise<{ report: ImportReport; drafts: Map<string, ObjectDraft> }> {
  const drafts = new Map<string, ObjectDraft>();
  const report = await importObjects(createReadStream(examplePath(fileName)), {
    fileName,
    upsert: async (batch) => {
      const before = drafts.size;
      for (const draft of batch) {
        const key = JSON.stringify([draft.type, draft.subtype, draft.value]);
        if (!drafts.has(key)) drafts.set(key, draft);
      }
      const created = drafts.size - before;
      return { created, updated: 0, unchanged: 0, duplicates: batch.length - created };
    },
    ...options,
  });
  return { report, drafts };
}

describe('threat-labs-iocs.csv, the reference import', () => {
  test('yields 6,370 objects of its 6,379 rows; 7 are offered twice and 2 are no URLs', async () => {
    const { report, drafts } = await importExample('threat-labs-iocs.csv');
    expect(report).toEqual({
      created: 6_370,
      updated: 0,
      unchanged: 0,
      // Names of cloud hosts that are in the file once defanged and once plain.
      duplicates: 7,
      rejectedCount: 2,
      rejected: [
        {
          // Redacted before it was published: there is no such host.
          line: 62,
          value: 'hxxp://<REDACTED>.onion/raw/t8st1gRNbg6ea2D7UQJq/',
          reason:
            'Host "<REDACTED>.onion": A domain name has letters, digits, hyphens, underscores and dots only.',
          code: 'URL_INVALID',
        },
        {
          // Three slashes: what looks like the host is the first part of the path (RFC 3986, section 3.2).
          line: 70,
          value: 'hxxp:///193.242.145.138/mid/w1/Midjourney.msi',
          reason: 'There is no host between the scheme and the path.',
          code: 'URL_INVALID',
        },
      ],
      byType: {
        'indicator/MD5': 3_137,
        'indicator/URL': 2_520,
        'indicator/FQDN': 535,
        'indicator/SHA-256': 170,
        'indicator/IP Address': 8,
      },
    });
    expect(drafts.size).toBe(6_370);
  });

  test('leaves no defang mark in a value, and every object has its campaign', async () => {
    const { drafts } = await importExample('threat-labs-iocs.csv');
    const values = [...drafts.values()];
    expect(values.filter(({ value }) => /\[\.\]|^hxxp|[[\]]/i.test(value))).toEqual([]);
    expect(
      values.filter(({ attributes }) => attributes?.length !== 1 || attributes[0]!.name !== 'campaign'),
    ).toEqual([]);
    const urls = values.filter(({ subtype }) => subtype === 'URL');
    expect(urls.filter(({ value }) => !URL.canParse(value))).toEqual([]);
  });
});

describe('the small examples', () => {
  test('indicators.jsonl', async () => {
    const { report } = await importExample('indicators.jsonl');
    expect(report).toMatchObject({ created: 4, rejectedCount: 1 });
    expect(report.rejected[0]).toMatchObject({ line: 5, code: 'HASH_INVALID' });
  });

  test('indicators.stix.json', async () => {
    const { report, drafts } = await importExample('indicators.stix.json');
    expect(report).toMatchObject({
      created: 6,
      byType: {
        'indicator/FQDN': 2,
        'indicator/URL': 1,
        'indicator/IP Address': 1,
        'indicator/MD5': 1,
        'indicator/SHA-256': 1,
      },
    });
    expect(report.rejected.map(({ line, code }) => [line, code])).toEqual([
      [29, 'STIX_PATTERN_UNSUPPORTED'],
      [50, 'STIX_OBJECT_UNSUPPORTED'],
    ]);
    expect([...drafts.values()].map(({ value }) => value)).toContain('cdn.example.org');
  });

  test('domains.txt', async () => {
    const { report } = await importExample('domains.txt', { type: 'indicator', subtype: 'FQDN' });
    expect(report).toMatchObject({ created: 3, duplicates: 1, rejectedCount: 1 });
    expect(report.rejected[0]).toMatchObject({ line: 7, value: 'not a domain', code: 'FQDN_INVALID' });
  });
});
