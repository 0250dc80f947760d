export const REMEDIATION_TYPES = ['remove_public_sharing', 'system_quarantine', 'system_restore'] as const;
export type RemediationType = (typeof REMEDIATION_TYPES)[number];

/** Where public sharing can be removed, by application type. */
export const SHARING_APP_TYPES: ReadonlySet<string> = new Set([
  'office365',
  'dropbox',
  'box',
  'google_drive',
]);

export interface SaasAsset {
  asset_id: string;
  asset_name: string;
  app_type: string;
}

export interface RemediationRequest {
  assetId: string;
  type: RemediationType;
  removeInheritedSharing: boolean;
}

/** A remediation that somebody asked for. */
export interface SaasRemediation extends RemediationRequest {
  /** How often it was asked for. */
  requests: number;
  askedAtMs: number;
}

/** Remediations are accepted at once and done a while later. */
export class RemediationStore {
  readonly #remediations = new Map<string, SaasRemediation>();
  readonly #durationMs: number;
  readonly #now: () => Date;
  /** Assets whose remediation ends badly. */
  readonly #failing: ReadonlySet<string>;

  constructor(options: { durationMs: number; failing: readonly string[]; now: () => Date }) {
    this.#durationMs = options.durationMs;
    this.#failing = new Set(options.failing);
    this.#now = options.now;
  }

  accept(request: RemediationRequest): void {
    const key = keyOf(request.assetId, request.type);
    const earlier = this.#remediations.get(key);
    this.#remediations.set(key, {
      ...request,
      requests: (earlier?.requests ?? 0) + 1,
      askedAtMs: this.#now().getTime(),
    });
  }

  /** Has everything that was asked for done by now. */
  finishAll(): void {
    for (const remediation of this.#remediations.values()) remediation.askedAtMs -= this.#durationMs;
  }

  status(asset: SaasAsset, type: RemediationType): object | undefined {
    const remediation = this.#remediations.get(keyOf(asset.asset_id, type));
    if (remediation === undefined) return undefined;
    const isOver = this.#now().getTime() - remediation.askedAtMs >= this.#durationMs;
    const end = this.#failing.has(asset.asset_id) ? 'failed' : 'success';
    return {
      asset_id: asset.asset_id,
      asset_name: asset.asset_name,
      remediation_type: type,
      action_taker: 'api',
      action_date: new Date(remediation.askedAtMs).toISOString().replace('Z', '+0000'),
      status: isOver ? end : 'pending',
    };
  }

  list(): SaasRemediation[] {
    return structuredClone([...this.#remediations.values()]);
  }
}

function keyOf(assetId: string, type: RemediationType): string {
  return JSON.stringify([assetId, type]);
}
