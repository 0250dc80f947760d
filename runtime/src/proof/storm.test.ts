import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { PluginManifest } from '@drover/model';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { rideOutStorm, type StormReport } from './ride-out-storm.js';
import { Sites } from './site.js';
import { VENDOR_NAMES } from './site-vendors.js';
import { STORM_SUBJECTS, type StormSubject } from './storm-subjects.js';

const PLUGINS = fileURLToPath(new URL('../../../plugins', import.meta.url));
const BATCH_OBJECTS = 100;
const STORM_TIMEOUT_MS = 300_000;

/** For each number of objects. */
const sites = new Map<number, Sites>();
/** All storms rage at the same time, since in a storm much is waiting. */
let storms: Map<string, Promise<StormReport[]>>;

beforeAll(async () => {
  for (const objects of new Set(STORM_SUBJECTS.map((subject) => subject.objects))) {
    sites.set(objects, await Sites.make({ objects, batchObjects: BATCH_OBJECTS }));
  }
  storms = new Map(STORM_SUBJECTS.map((subject) => [subject.action, rideOutAll(subject)]));
  await Promise.allSettled(storms.values());
}, STORM_TIMEOUT_MS);
afterAll(async () => {
  for (const some of sites.values()) await some.close();
});

async function rideOutAll(subject: StormSubject): Promise<StormReport[]> {
  const reports: StormReport[] = [];
  for (const seed of subject.seeds)
    reports.push(await rideOutStorm(sites.get(subject.objects)!, subject, seed));
  return reports;
}

it('every action of these vendors has its storm', () => {
  const actions = VENDOR_NAMES.flatMap((vendor) =>
    readdirSync(join(PLUGINS, vendor))
      .flatMap((folder) => manifestAt(join(PLUGINS, vendor, folder, 'plugin.json')) ?? [])
      .filter(({ kind }) => kind === 'action'),
  );
  expect(STORM_SUBJECTS.map(({ action }) => action).sort()).toEqual(actions.map(({ id }) => id).sort());
});

it.each(STORM_SUBJECTS)(
  'the books are true in a storm, and what it broke can be mended: $action, $objects objects',
  async ({ action, objects, seeds }) => {
    const reports = await storms.get(action)!;
    expect(reports.map(({ seed, problems }) => ({ seed, problems }))).toEqual(
      seeds.map((seed) => ({ seed, problems: [] })),
    );
    for (const { outcomes } of reports) expect(outcomes).toBe(objects);
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
