import { readFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import { checkConfig, lintPluginManifest } from '@drover/manifest';
import { INCIDENT_FIELDS, STATUS_FILTERS } from '@drover-plugins/palo-alto-saas-security-client';

const read = (plugin: string) =>
  JSON.parse(readFileSync(new URL(`../../${plugin}/plugin.json`, import.meta.url), 'utf8'));
const manifest = read('fetch-incidents');

test('the manifest has no problem', () => {
  expect(lintPluginManifest(manifest)).toEqual([]);
});

test('it emits every documented field, and the incident type', () => {
  const emitted = Object.fromEntries(
    manifest.emits.map(({ name, type }: Record<string, string>) => [name, type]),
  );
  const fields = Object.entries(INCIDENT_FIELDS).map(([name, kind]) => [
    name,
    kind === 'number' ? kind : 'string',
  ]);
  expect(emitted).toEqual({ ...Object.fromEntries(fields), incident_type: 'string' });
  expect(manifest.config.properties.classifier.items.properties.field.enum).toEqual(
    Object.keys(INCIDENT_FIELDS),
  );
  expect(manifest.config.properties.status.items.enum).toEqual(Object.keys(STATUS_FILTERS));
});

test('it mirrors the documented fields, out by closing', () => {
  expect(manifest.mirror).toEqual({
    in: ['state', 'category', 'status', 'assigned_to', 'resolved_by', 'asset_sha256'],
    out: ['state', 'category'],
    action: read('close-incidents').id,
  });
});

test('the defaults are the documented ones', () => {
  expect(checkConfig(manifest.config, {})).toEqual({
    ok: true,
    config: {
      firstFetch: '3 days',
      state: 'All',
      severity: [],
      status: [],
      applicationIds: [],
      pageSize: 100,
      overlapMinutes: 2,
      incidentType: 'SaaS Security Incident',
      classifier: [],
    },
  });
});

test.each([
  [{ firstFetch: '7 days', pageSize: 1_000 }, true],
  [{ firstFetch: '1 hour' }, true],
  [{ firstFetch: 'soon' }, false],
  [{ firstFetch: '0 days' }, false],
  [{ pageSize: 0 }, false],
  [{ pageSize: 9 }, false],
  [{ pageSize: 1_010 }, false],
  [{ state: 'open' }, false],
  [{ severity: ['Low'] }, false],
  [{ status: ['Closed'] }, false],
  [{ applicationIds: ['a,b'] }, false],
  [{ classifier: [{ field: 'severity', equals: 'Low', incidentType: 'Minor' }] }, true],
  [{ classifier: [{ field: 'colour', equals: 'red', incidentType: 'Red' }] }, false],
])('the config %j: %s', (config, ok) => {
  expect(checkConfig(manifest.config, config).ok).toBe(ok);
});
