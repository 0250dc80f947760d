import { createHash } from 'node:crypto';
import { type SaasApp, type SaasIncident, SEVERITY_NAMES } from './incident-store.js';

export const SAAS_APPS: readonly SaasApp[] = [
  { app_id: 'a1b2c3d4e5f60718293a4b5c6d7e8f90', app_name: 'Box 1', app_type: 'box' },
  { app_id: '0f9e8d7c6b5a493827160504f3e2d1c0', app_name: 'Office 365 1', app_type: 'office365' },
  { app_id: '5566778899aabbccddeeff0011223344', app_name: 'Tracker 1', app_type: 'jira' },
];

const MINUTE_MS = 60_000;
const EXPOSURES = ['internal', 'company', 'external', 'public'] as const;
const CATEGORIES = ['no_reason', 'business_justified', 'misidentified'] as const;

/**
 * Invented incidents, the same for the same arguments: number 1 changed last a minute before `now`, each further one a minute
 * earlier. Every fifth is closed; every seventh lacks fields that the vendor leaves out at times.
 */
export function inventIncidents(count: number, now: Date): SaasIncident[] {
  return Array.from({ length: count }, (_, index) => inventIncident(index + 1, now));
}

export function inventIncident(id: number, now: Date): SaasIncident {
  const app = SAAS_APPS[id % SAAS_APPS.length]!;
  const updatedAt = new Date(now.getTime() - id * MINUTE_MS);
  const asset = digest(`asset ${id}`).slice(0, 24);
  const owner = `owner${id % 97}`;
  const incident: SaasIncident = {
    incident_id: id,
    tenant: 'example',
    ...app,
    cloud_id: String(600_000_000 + id),
    asset_name: `report ${id}.docx`,
    asset_sha256: digest(`content ${id}`),
    asset_id: asset,
    asset_page_uri: `https://saas.example.com/cloud_assets/${asset}`,
    asset_cloud_uri: `https://files.example.com/f/${600_000_000 + id}`,
    exposure_type: 8,
    exposure_level: EXPOSURES[id % EXPOSURES.length]!,
    policy_id: digest(`policy ${id % 3}`).slice(0, 24),
    policy_name: `Policy ${id % 3}`,
    policy_version: 1,
    policy_page_uri: `https://saas.example.com/data_policies/${digest(`policy ${id % 3}`).slice(0, 24)}`,
    severity: SEVERITY_NAMES[id % SEVERITY_NAMES.length]!,
    ...(id % 5 === 0 ? closedPart(id, updatedAt) : { status: 'Open-New', state: 'open', category: 'new' }),
    created_at: new Date(updatedAt.getTime() - 60 * MINUTE_MS).toISOString(),
    updated_at: updatedAt.toISOString(),
    group_ids: [],
    asset_owner_id: digest(owner).slice(0, 32),
    asset_owner_name: `Owner ${id % 97}`,
    asset_owner_email: `${owner}@example.com`,
    collaborators: id % 4 === 0 ? ['partner@example.org'] : [],
    data_patterns: id % 3 === 0 ? ['Credit Card Number'] : [],
  };
  if (id % 7 === 0) {
    delete incident.policy_name;
    delete incident.state;
  }
  return incident;
}

function closedPart(id: number, at: Date) {
  const category = CATEGORIES[id % CATEGORIES.length]!;
  const words = category.split('_').map((word) => word.charAt(0).toUpperCase() + word.slice(1));
  return {
    status: `Closed-${words.join(' ')}`,
    state: 'closed',
    category,
    resolved_by: 'analyst@example.com',
    resolution_date: at.toISOString(),
  };
}

function digest(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
