/** Categories that the API takes when it closes an incident. */
export const CLOSING_CATEGORIES = ['no_reason', 'business_justified', 'misidentified'] as const;

/** An incident as answers write it; fields that the vendor leaves out at times are optional. */
export interface SaasIncident {
  incident_id: number;
  tenant: string;
  app_id: string;
  app_name: string;
  app_type: string;
  cloud_id: string;
  asset_name: string;
  asset_sha256: string;
  asset_id: string;
  asset_page_uri: string;
  asset_cloud_uri: string;
  exposure_type: number;
  exposure_level: string;
  policy_id: string;
  policy_name?: string;
  policy_version: number;
  policy_page_uri: string;
  severity: string;
  status?: string;
  state?: string;
  category: string;
  resolved_by?: string;
  resolution_date?: string;
  assigned_to?: string;
  created_at: string;
  updated_at: string;
  group_ids: string[];
  asset_owner_id: string;
  asset_owner_name: string;
  asset_owner_email: string;
  collaborators: string[];
  data_patterns: string[];
}

export interface SaasApp {
  app_id: string;
  app_name: string;
  app_type: string;
}

/** What a filter of the delta endpoint asks for; absent: anything. */
export interface IncidentFilter {
  fromMs?: number;
  toMs?: number;
  appIds?: ReadonlySet<string>;
  state?: string;
  /** 1 to 5. */
  severities?: ReadonlySet<number>;
  /** Lower case, as in `closed-business justified`. */
  statuses?: ReadonlySet<string>;
}

/** What the state endpoints say. */
export interface IncidentState {
  state: string;
  category: string;
  resolved_by: string | null;
  resolution_date: string | null;
}

/** Severity texts by number. The vendor documents only that 1 is low; the others are this simulator's. */
export const SEVERITY_NAMES = ['Low', 'Medium', 'High', 'Very High', 'Critical'] as const;

/** The incidents of a tenant, told apart by id and ordered by when they last changed. */
export class IncidentStore {
  readonly #incidents = new Map<number, SaasIncident>();
  readonly #now: () => Date;
  /** How often the API closed an incident or changed the category of a closed one. */
  stateWrites = 0;

  constructor(seeds: Iterable<SaasIncident>, now: () => Date) {
    for (const incident of seeds) this.#incidents.set(incident.incident_id, structuredClone(incident));
    this.#now = now;
  }

  find(id: number): SaasIncident | undefined {
    return this.#incidents.get(id);
  }

  /** One of the incidents about an asset. */
  findByAsset(assetId: unknown): SaasIncident | undefined {
    return this.#incidents.values().find(({ asset_id }) => asset_id === assetId);
  }

  /** The first `limit` incidents that the filter lets through, by `updated_at`, then id. */
  delta(filter: IncidentFilter, limit: number): SaasIncident[] {
    return [...this.#incidents.values()]
      .filter((incident) => passes(incident, filter))
      .sort(byUpdate)
      .slice(0, limit);
  }

  close(id: number, category: string): SaasIncident | undefined {
    const incident = this.#incidents.get(id);
    if (incident === undefined) return undefined;
    this.stateWrites += 1;
    return this.change(id, {
      state: 'closed',
      category,
      status: `Closed-${titleOf(category)}`,
      resolved_by: 'api',
      resolution_date: this.#now().toISOString(),
    });
  }

  /** Changes an incident as an analyst in the vendor's console would; `updated_at` moves unless it is given. */
  change(id: number, changes: Partial<SaasIncident>): SaasIncident | undefined {
    const incident = this.#incidents.get(id);
    if (incident === undefined) return undefined;
    Object.assign(incident, { updated_at: this.#now().toISOString() }, changes, { incident_id: id });
    return incident;
  }

  add(incident: SaasIncident): void {
    this.#incidents.set(incident.incident_id, structuredClone(incident));
  }

  list(): SaasIncident[] {
    return structuredClone([...this.#incidents.values()]);
  }
}

export function stateOf(incident: SaasIncident): IncidentState {
  const { category, resolved_by = null, resolution_date = null } = incident;
  return { state: stateText(incident), category, resolved_by, resolution_date };
}

function stateText({ state, status }: SaasIncident): string {
  return (state ?? status?.split('-', 1)[0] ?? 'open').toLowerCase();
}

function passes(incident: SaasIncident, filter: IncidentFilter): boolean {
  const updatedMs = Date.parse(incident.updated_at);
  if (filter.fromMs !== undefined && updatedMs < filter.fromMs) return false;
  if (filter.toMs !== undefined && updatedMs > filter.toMs) return false;
  if (filter.appIds !== undefined && !filter.appIds.has(incident.app_id)) return false;
  if (filter.state !== undefined && filter.state !== stateText(incident)) return false;
  const severity = SEVERITY_NAMES.findIndex((name) => name === incident.severity) + 1;
  if (filter.severities !== undefined && !filter.severities.has(severity)) return false;
  return filter.statuses === undefined || filter.statuses.has((incident.status ?? '').toLowerCase());
}

function byUpdate(left: SaasIncident, right: SaasIncident): number {
  return Date.parse(left.updated_at) - Date.parse(right.updated_at) || left.incident_id - right.incident_id;
}

function titleOf(category: string): string {
  return category
    .split('_')
    .map((word) => word.charAt(0).toUpperCase() + word.slice(1))
    .join(' ');
}
