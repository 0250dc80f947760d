import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { readBooks } from './run-books.js';
import { COLLECTION, CONNECTION, RUN_ALL, SiteTemplate, type TenantSite } from './tenant-site.js';

/** It reads differently raw, in JSON, in a URL and in base64. */
const CANARY = 'cnry"7f3e/9d2c+8b5a=41\\6e&0d';

let template: SiteTemplate;
let site: TenantSite;

beforeAll(async () => {
  template = await SiteTemplate.make({ batchObjects: 500 });
  site = await template.open({ token: CANARY });
}, 60_000);
afterAll(async () => {
  await site.close();
  await template.close();
});

/** The base64 of texts that hold the canary, at each of the three places where it can begin in a group. */
function base64Of(canary: string): string[] {
  return [0, 1, 2].flatMap((offset) => {
    const text = Buffer.from(`${'x'.repeat(offset)}${canary}yz`);
    return [text.toString('base64'), text.toString('base64url')];
  });
}

/** Of the REST API v1, where it goes into the body of the request. */
const CANARY_V1 = 'v1cn/4a6b+9c2d=73&"ee\\5f01';

const LITERAL = [CANARY, CANARY_V1].flatMap((canary) => {
  const hex = Buffer.from(canary).toString('hex');
  const json = JSON.stringify(canary).slice(1, -1);
  return [canary, json, encodeURIComponent(canary), hex, hex.toUpperCase()];
});

const BASE64 = [CANARY, CANARY_V1].flatMap(base64Of);

/** Every way in which a vendor may say it back. */
const FORMS = [...LITERAL, ...BASE64];

/** What must not be found: the whole forms, and of base64 the middle, without what depends on the neighbours. */
const NEEDLES = [...LITERAL, ...BASE64.map((text) => text.slice(4, -8))];

function findIn(text: string): string[] {
  return NEEDLES.filter((needle) => text.includes(needle));
}

async function filesBelow(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
}

/** What the vendor answers, each time with the token that it was shown, in some form. */
function letVendorEcho(): void {
  const { tenant } = site;
  const PATCH = { method: 'PATCH' };
  const encoded = { refused: FORMS, errors: [[CANARY, 'no']], message: `Token ${CANARY}` };
  tenant.order({ match: PATCH, nth: 1, effect: { kind: 'echoToken', status: 500 } });
  tenant.order({ match: PATCH, nth: 2, effect: { kind: 'echoToken', status: 400 } });
  tenant.order({ match: PATCH, nth: 4, effect: { kind: 'status', status: 400, body: encoded } });
  tenant.order({ match: PATCH, nth: 5, effect: { kind: 'status', status: 418, body: FORMS.join(' ') } });
  tenant.order({ match: PATCH, nth: 6, effect: { kind: 'echoToken', status: 401 } });
}

const HASHES = ['action', 'run', 'netskope.export-file-profile-hashes', '--connection', CONNECTION];
const EXPORT = [...HASHES, '--collection', COLLECTION, '--set', 'fileProfileName=Known bad'];

/** The next request is answered with a redirect, headers and a body that say both tokens back. */
function letVendorRedirect(status: number): void {
  const headers = {
    location: `https://login.example.com/?next=${encodeURIComponent(CANARY_V1)}&token=${encodeURIComponent(CANARY)}`,
    'x-echo': FORMS.join(' ').replaceAll(/[^\x20-\x7e]/g, ''),
    'x-request-id': CANARY,
  };
  const body = { status: 'error', errorCode: CANARY_V1, errors: FORMS, msg: CANARY };
  site.tenant.order({ effect: { kind: 'status', status, headers, body } });
}

it('the search finds each form', () => {
  expect(findIn(FORMS.join('\n'))).toEqual(NEEDLES);
  expect(findIn(Buffer.from(`a${CANARY}`).toString('base64'))).not.toEqual([]);
});

it('a secret that the vendor echoes is nowhere: not in what is printed, logged or kept', async () => {
  const environment = { DROVER_LOG_LEVEL: 'trace' };
  const said: string[] = [];
  async function run(...argv: string[]): Promise<void> {
    const all = [...argv, '--verbose'];
    const { stdout, stderr, exitCode } = await site.built.run(all, { environment });
    expect(exitCode).toBeDefined();
    said.push(stdout, stderr);
  }
  const second = ['connection', 'update', CONNECTION, '--secret-stdin', 'apiV1Token'];
  expect(await site.drover.run(second, { stdin: CANARY_V1 })).toMatchObject({ exitCode: 0, stderr: '' });
  letVendorEcho();
  await run(...RUN_ALL);
  await run(...RUN_ALL, '--json');
  site.tenant.order({ effect: { kind: 'echoToken', status: 403 } });
  await run('connection', 'test', CONNECTION);
  await run('connection', 'show', CONNECTION, '--json');
  const { runs } = await readBooks(site.drover);
  await run(...EXPORT, '--plan');
  for (const status of [302, 200, 400]) {
    letVendorRedirect(status);
    await run(...EXPORT, '--json');
  }
  letVendorRedirect(302);
  await run(...RUN_ALL, '--restart');
  await run('objects', 'export');
  await run('doctor');
  await run('config', 'print');
  for (const { id } of runs) {
    await run('run', 'show', id);
    await run('run', 'export', id);
  }

  const printed = said.join('\n');
  expect(printed).toContain('[REDACTED]');
  expect(findIn(printed)).toEqual([]);
  const files = await filesBelow(site.drover.dataDir);
  expect(files).toContain(join(site.drover.dataDir, 'drover.db'));
  for (const file of files) {
    expect([file, findIn((await readFile(file)).toString('latin1'))]).toEqual([file, []]);
  }
}, 120_000);
