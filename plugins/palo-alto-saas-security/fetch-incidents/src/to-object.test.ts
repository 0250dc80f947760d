import { describe, expect, test } from '@jest/globals';
import type { Incident } from '@drover-plugins/palo-alto-saas-security-client';
import { type Naming, toObject } from './to-object.js';

const NAMING: Naming = { classifier: [], incidentType: 'SaaS Security Incident', host: 'api.example.com' };
const FULL: Incident = {
  incident_id: 4,
  tenant: 'example',
  app_id: 'a1b2',
  app_name: 'Box 1',
  app_type: 'box',
  cloud_id: '600000004',
  asset_name: 'report 4.docx',
  asset_sha256: 'ab'.repeat(32),
  asset_id: 'c3d4',
  asset_page_uri: 'https://saas.example.com/cloud_assets/c3d4',
  asset_cloud_uri: 'https://files.example.com/f/600000004',
  exposure_type: 8,
  exposure_level: 'internal',
  policy_id: 'p1',
  policy_name: 'Policy 1',
  policy_version: 1,
  policy_page_uri: 'https://saas.example.com/data_policies/p1',
  severity: 'Low',
  status: 'Closed-Business Justified',
  state: 'closed',
  category: 'business_justified',
  resolved_by: 'api',
  resolution_date: '2026-03-09T07:44:21.608+0000',
  assigned_to: 'ada@example.com',
  created_at: '2026-03-08T20:25:15.417Z',
  updated_at: '2026-03-09T07:44:21.608Z',
  group_ids: ['g1'],
  asset_owner_id: 'o1',
  asset_owner_name: 'Owner 1',
  asset_owner_email: 'owner1@example.com',
  collaborators: ['bob@example.org', 'eve@example.org'],
  data_patterns: [],
};

const attributesOf = (incident: Incident, naming: Partial<Naming> = {}) =>
  Object.fromEntries(
    toObject(incident, { ...NAMING, ...naming }).attributes!.map(({ name, value }) => [name, value]),
  );

describe('an incident as an object', () => {
  test('every documented field by its own name', () => {
    expect(toObject(FULL, NAMING)).toMatchObject({ type: 'incident', value: 'example/4', status: 'closed' });
    expect(attributesOf(FULL)).toEqual({
      ...FULL,
      resolution_date: '2026-03-09T07:44:21.608Z',
      group_ids: 'g1',
      collaborators: 'bob@example.org, eve@example.org',
      data_patterns: '',
      incident_type: 'SaaS Security Incident',
    });
  });

  test('what is not told is not set, and what is told as nothing becomes empty', () => {
    expect(toObject({ incident_id: 7, assigned_to: null, policy_version: null }, NAMING)).toEqual({
      type: 'incident',
      value: 'api.example.com/7',
      attributes: [
        { name: 'incident_id', value: 7 },
        { name: 'assigned_to', value: '' },
        { name: 'incident_type', value: 'SaaS Security Incident' },
      ],
    });
  });

  test.each([
    [{ state: 'Closed' }, 'closed'],
    [{ status: 'Closed-Misidentified' }, 'closed'],
    [{ status: 'Open-New', state: null }, 'open'],
    [{}, undefined],
  ])('its state, of %j', (fields, state) => {
    const incident = { incident_id: 1, ...fields };
    expect(toObject(incident, NAMING).status).toBe(state);
    expect(attributesOf(incident)['state']).toBe(state);
  });

  test('numbers and texts are what they are declared as, whichever the API writes', () => {
    const odd = { incident_id: 1, severity: 1, exposure_type: '8', policy_version: 'x' };
    expect(attributesOf(odd)).toMatchObject({ severity: '1', exposure_type: 8 });
    expect(attributesOf(odd)).not.toHaveProperty('policy_version');
  });

  test('what is too long for an attribute is cut, and says so', () => {
    const collaborators = Array.from({ length: 200 }, (_, n) => `partner${n}@example.org`);
    const held = attributesOf({ incident_id: 1, asset_name: '🐑'.repeat(600), collaborators });
    expect(held['asset_name']).toMatch(/^(?:🐑)+…$/u);
    expect(held['collaborators']).toMatch(/^partner0@example.org, .*, … and \d+ more$/);
    for (const value of Object.values(held))
      expect(Buffer.byteLength(String(value))).toBeLessThanOrEqual(2_048);
    expect(attributesOf({ incident_id: 1, asset_name: 'a\0b\uD800' })['asset_name']).toBe('ab\uFFFD');
  });
});

describe('its type', () => {
  const classifier = [
    { field: 'severity', equals: 'low', incidentType: 'Minor' },
    { field: 'data_patterns', equals: 'Credit Card Number', incidentType: 'Card' },
    { field: 'incident_id', equals: '9', incidentType: 'Nine' },
  ] as const;

  test.each([
    [{ severity: 'Low', data_patterns: ['Credit Card Number'] }, 'Minor'],
    [{ severity: 'High', data_patterns: ['Name', 'Credit Card Number'] }, 'Card'],
    [{ incident_id: 9 }, 'Nine'],
    [{ severity: null }, 'SaaS Security Incident'],
  ])('of %j: %s', (fields, type) => {
    expect(attributesOf({ incident_id: 1, ...fields }, { classifier })['incident_type']).toBe(type);
  });
});
