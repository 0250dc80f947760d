import { asRecord, type Saas, unreadable, wordsOf } from './saas.js';

// Calls: `remediateAsset`, `removePublicSharing`, `readRemediation`.

/** Remediations as people name them, to what the API takes. */
export const REMEDIATION_TYPES = {
  'Remove public sharing': 'remove_public_sharing',
  Quarantine: 'system_quarantine',
  Restore: 'system_restore',
} as const;
export type RemediationName = keyof typeof REMEDIATION_TYPES;

export interface RemediationRequest {
  assetId: string;
  type: RemediationName;
  /** Takes public links off the parent folders as well; sent with "Remove public sharing" only. */
  removeInheritedSharing?: boolean;
}

/** How a remediation stands. Beside `pending` and `success` the vendor documents no status. */
export interface RemediationStatus {
  asset_id: string;
  asset_name?: string;
  remediation_type: string;
  action_taker?: string;
  /** ISO 8601, with `+0000` in the place of `Z`. */
  action_date?: string;
  status: string;
}

export type RemediationReply = { isAccepted: true } | { isAccepted: false; status: number; words: string };

/** Asks for a remediation. That it is accepted does not say that it is done. Asking twice is the same remediation again. */
export async function remediateAsset(saas: Saas, request: RemediationRequest): Promise<RemediationReply> {
  const { assetId, type, removeInheritedSharing } = request;
  const isSharing = type === 'Remove public sharing';
  const reply = await saas.call(isSharing ? 'removePublicSharing' : 'remediateAsset', {
    json: {
      asset_id: assetId,
      remediation_type: REMEDIATION_TYPES[type],
      ...(isSharing && removeInheritedSharing !== undefined
        ? { remove_inherited_sharing: removeInheritedSharing }
        : {}),
    },
  });
  if (reply.status < 400) return { isAccepted: true };
  return { isAccepted: false, status: reply.status, words: wordsOf(reply.body) };
}

/** `undefined` when SaaS Security knows of no such remediation, or not yet. */
export async function readRemediation(
  saas: Saas,
  { assetId, type }: Pick<RemediationRequest, 'assetId' | 'type'>,
): Promise<RemediationStatus | undefined> {
  const reply = await saas.call('readRemediation', {
    query: { asset_id: assetId, remediation_type: REMEDIATION_TYPES[type] },
  });
  if (reply.status === 404) return undefined;
  const { status, asset_name: name, action_taker: taker, action_date: date } = asRecord(reply.body);
  if (typeof status !== 'string') return unreadable('the status of a remediation');
  return {
    asset_id: assetId,
    ...(typeof name === 'string' ? { asset_name: name } : {}),
    remediation_type: REMEDIATION_TYPES[type],
    ...(typeof taker === 'string' ? { action_taker: taker } : {}),
    ...(typeof date === 'string' ? { action_date: date } : {}),
    status,
  };
}
