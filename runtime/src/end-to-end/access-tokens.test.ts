import { randomBytes } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import type { SealedRecord } from '@drover/engine';
import { createSecretCipher } from '@drover/plugin-host';
import { makeEmptyPostgres, missingPostgres, skipLoudly } from '@drover/testing';
import { BuiltDrover, type DroverProcess, type EndedProcess } from './built-drover.js';
import { CrowdstrikeLab, GRAPHQL, packCrowdstrike } from './crowdstrike-lab.js';
import { askStore } from './slow-store.js';

const PREVIEW = ['command', 'run', 'crowdstrike.preview-score-bands', '--connection', 'falcon', '--input'];
const LOOK = [...PREVIEW, '{"poorUpTo": 499, "moderateUpTo": 999}', '--json'];
const ENRICH = ['action', 'run', 'crowdstrike.enrich-identity-risk', '--collection', 'people'];
const USERS = 1_000;

let bundle: Awaited<ReturnType<typeof packCrowdstrike>>;
beforeAll(async () => {
  bundle = await packCrowdstrike();
}, 60_000);
afterAll(() => bundle.close());

async function endedWell(started: readonly DroverProcess[]): Promise<EndedProcess[]> {
  const ended = await Promise.all(started.map((one) => one.ended));
  for (const { exitCode, stderr } of ended) expect({ exitCode, stderr }).toMatchObject({ exitCode: 0 });
  return ended;
}

describe('the access token of a data folder', () => {
  let lab: CrowdstrikeLab;
  let built: BuiltDrover;
  beforeAll(async () => {
    lab = await CrowdstrikeLab.open(bundle.file, { users: 100, latencyMs: 200 });
    built = new BuiltDrover(lab.drover.dataDir);
  }, 60_000);
  afterAll(async () => {
    await built.close();
    await lab.close();
  });

  const issued = () => lab.simulator.state().tokens.issued;

  /** What is kept, opened with the key of the folder. */
  async function keptToken(): Promise<string> {
    const { dataDir } = lab.drover;
    const key = await readFile(join(dataDir, 'keys', 'encryption.key'), 'utf8');
    const row = askStore(dataDir, 'select connection_id, kind, sealed from access_tokens')!;
    const record = JSON.parse(row['sealed'] as string) as SealedRecord;
    const identity = `${row['connection_id']} token ${row['kind']}`;
    return JSON.parse(createSecretCipher({ current: key.trim() }).open(record, identity)).value;
  }

  it('is got by one of four commands at once, and by one of four again when it was revoked', async () => {
    const four = () => Array.from({ length: 4 }, () => built.start(LOOK));
    await endedWell(four());
    expect(issued()).toBe(1);
    lab.simulator.revokeTokens();
    await endedWell(four());
    expect(issued()).toBe(2);
  }, 60_000);

  it('is neither printed nor logged nor found in a file, though the vendor echoes it to who only read it', async () => {
    const before = issued();
    const token = await keptToken();
    lab.simulator.order({ match: { path: GRAPHQL }, effect: { kind: 'echoToken', status: 500 } });
    lab.simulator.order({ match: { path: GRAPHQL }, nth: 2, effect: { kind: 'echoToken', status: 400 } });
    const argv = [...LOOK, '--verbose'];
    const { exitCode, stdout, stderr } = await built.run(argv, {
      environment: { DROVER_LOG_LEVEL: 'trace' },
    });
    expect(exitCode).toBe(3);
    expect(stdout + stderr).toContain('[REDACTED]');
    expect(issued()).toBe(before);
    const encoded = [0, 1, 2].map((n) =>
      Buffer.from('x'.repeat(n) + token)
        .toString('base64')
        .slice(4, -4),
    );
    const needles = [token, Buffer.from(token).toString('hex'), ...encoded];
    const found = (text: string) => needles.filter((needle) => text.includes(needle));
    expect(found(stdout + stderr)).toEqual([]);
    const { dataDir } = lab.drover;
    const entries = await readdir(dataDir, { recursive: true, withFileTypes: true });
    const files = entries.filter((entry) => entry.isFile()).map((one) => join(one.parentPath, one.name));
    expect(files).toContain(join(dataDir, 'drover.db'));
    for (const file of files)
      expect([file, found((await readFile(file)).toString('latin1'))]).toEqual([file, []]);
  }, 60_000);

  it('is not what a connection test goes by, and not that of an account that was changed', async () => {
    const { drover, simulator } = lab;
    const before = issued();
    expect(await drover.json('connection', 'test', 'falcon')).toMatchObject({ ok: true });
    expect(issued()).toBe(before + 3);
    const wrong = ['connection', 'update', 'falcon', '--secret-stdin', 'clientSecret'];
    expect((await drover.run(wrong, { stdin: 'another-secret' })).exitCode).toBe(0);
    expect((await drover.run(LOOK)).exitCode).toBe(3);
    expect(issued()).toBe(before + 3);
    expect(simulator.requests().byRoute['POST /oauth2/token']!.requests).toBeGreaterThan(before + 3);
  }, 60_000);
});

const missing = missingPostgres();
if (missing === undefined) describe('the access token of machines over one PostgreSQL', describeMachines);
else skipLoudly('the access token of machines over one PostgreSQL', missing);

function describeMachines(): void {
  let database: Awaited<ReturnType<typeof makeEmptyPostgres>>;
  let lab: CrowdstrikeLab;
  let environment: Record<string, string>;
  const machines: { folder: string; built: BuiltDrover }[] = [];
  beforeAll(async () => {
    database = await makeEmptyPostgres();
    const DROVER_ENCRYPTION_KEY = randomBytes(32).toString('base64');
    environment = {
      DROVER_DATABASE_URL: database.url,
      DROVER_ENCRYPTION_KEY,
      DROVER_WORKER_CONCURRENCY: '1',
    };
    lab = await CrowdstrikeLab.open(bundle.file, { users: USERS, latencyMs: 100, environment });
    const file = join(lab.drover.folder, 'users.txt');
    await writeFile(file, lab.addresses.join('\n'));
    await lab.drover.json('objects', 'import', file, '--collection', 'people', '--type', 'identity');
  }, 60_000);
  afterEach(async () => {
    for (const { built } of machines) await built.close();
  });
  afterAll(async () => {
    for (const { folder } of machines) await rm(folder, { recursive: true, force: true });
    await lab.close();
    await database.remove();
  });

  /** On a machine of its own: with an empty data folder. */
  async function start(...argv: string[]): Promise<DroverProcess> {
    const folder = await mkdtemp(join(tmpdir(), 'drover-machine-'));
    const built = new BuiltDrover(join(folder, 'data'));
    machines.push({ folder, built });
    return built.start(argv, { environment });
  }

  it('is got once for two workers and two commands, and once more when it was revoked', async () => {
    const workers = [await start('worker'), await start('worker')];
    for (const worker of workers) await worker.printed(/Executing runs and pulls/);
    const work = async () => {
      const run = await start(...ENRICH, '--connection', 'falcon', '--restart', '--json');
      return endedWell([run, await start(...LOOK), await start(...LOOK)]);
    };
    const [first] = await work();
    expect(lab.simulator.state().tokens.issued).toBe(1);
    expect(first!.json.summary.objects).toBe(lab.addresses.length);
    lab.simulator.revokeTokens();
    await work();
    expect(lab.simulator.state().tokens).toEqual({ issued: 2, live: 1 });
    for (const worker of workers) worker.interrupt();
    for (const { exitCode } of await Promise.all(workers.map((one) => one.ended))) expect(exitCode).toBe(0);
  }, 90_000);
}
