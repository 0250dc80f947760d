import {
  assetIdOf,
  checkRemediationAccess,
  readRemediation,
  remediateAsset,
  type RemediationName,
} from '@drover-plugins/palo-alto-saas-security-client';
import { defineAction, pending, type PollAnswer, rejected } from '@drover/plugin-sdk';
import { judgeStatus } from './judge-status.js';

interface Config {
  remediation: RemediationName;
  removeInheritedSharing: boolean;
  pollSeconds: number;
  waitMinutes: number;
}

/** Asks for one remediation for each object, and later how it stands. */
export default defineAction<Config>({
  testConnection: checkRemediationAccess,

  async executeOne(object, context) {
    const { remediation: type, removeInheritedSharing, pollSeconds } = context.config;
    const assetId = assetIdOf(object);
    if (assetId === undefined) {
      const message = `"${object.value}" has no attribute asset_id that says which asset it is about.`;
      return rejected(object, { code: 'ASSET_ID_MISSING', message });
    }
    const reply = await remediateAsset(context, { assetId, type, removeInheritedSharing });
    if (reply.isAccepted) return pending(object, { token: assetId, pollAfterMs: pollSeconds * 1_000 });
    if (reply.status === 404) {
      return rejected(object, { code: 'ASSET_NOT_FOUND', message: `SaaS Security has no asset ${assetId}.` });
    }
    return rejected(object, {
      code: 'REMEDIATION_REFUSED',
      message: `SaaS Security refused (${reply.status}) "${type}" for asset ${assetId}: ${reply.words}.`,
    });
  },

  poll(due, context) {
    const { remediation: type, ...limits } = context.config;
    return Promise.all(
      due.map(async (parked): Promise<PollAnswer> => {
        const status = await readRemediation(context, { assetId: String(parked.token), type });
        return judgeStatus(parked, status, { ...limits, nowMs: Date.now() });
      }),
    );
  },
});
