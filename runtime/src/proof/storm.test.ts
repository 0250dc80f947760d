import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { PluginManifest } from '@drover/model';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { rideOutStorm, type StormReport } from './ride-out-storm.js';
import { Sites } from './site.js';
import { STORM_SUBJECTS, type StormSubject } from './storm-subjects.js';

const NETSKOPE = fileURLToPath(new URL('../../../plugins/netskope/', import.meta.url));
const SIZE = { objects: 10_000, batchObjects: 100 };
const STORM_TIMEOUT_MS = 300_000;

let sites: Sites;
/** All storms rage at the same time, since in a storm much is waiting. */
let storms: Map<string, Promise<StormReport[]>>;

beforeAll(async () => {
  sites = await Sites.make(SIZE);
  storms = new Map(STORM_SUBJECTS.map((subject) => [subject.action, rideOutAll(subject)]));
  await Promise.allSettled(storms.values());
}, STORM_TIMEOUT_MS);
afterAll(() => sites.close());

async function rideOutAll(subject: StormSubject): Promise<StormReport[]> {
  const reports: StormReport[] = [];
  for (const seed of subject.seeds) reports.push(await rideOutStorm(sites, subject, seed));
  return reports;
}

it('every Netskope action has its storm', () => {
  const actions = readdirSync(NETSKOPE)
    .map((folder) => join(NETSKOPE, folder, 'plugin.json'))
    .flatMap((file) => manifestAt(file) ?? [])
    .filter(({ kind }) => kind === 'action');
  expect(STORM_SUBJECTS.map(({ action }) => action).sort()).toEqual(actions.map(({ id }) => id).sort());
});

it.each(STORM_SUBJECTS)(
  'the books of 10,000 objects are true in a storm, and what it broke can be mended: $action',
  async ({ action, seeds }) => {
    const reports = await storms.get(action)!;
    expect(reports.map(({ seed, problems }) => ({ seed, problems }))).toEqual(
      seeds.map((seed) => ({ seed, problems: [] })),
    );
    for (const { outcomes } of reports) expect(outcomes).toBe(SIZE.objects);
    // A storm that strikes nothing proves nothing.
    expect(reports.some(({ struck }) => struck > 0)).toBe(true);
  },
);

function manifestAt(file: string): PluginManifest | undefined {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as PluginManifest;
  } catch {
    return undefined;
  }
}
