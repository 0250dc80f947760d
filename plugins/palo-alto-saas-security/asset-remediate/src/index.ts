import {
  checkRemediationAccess,
  REMEDIATION_TYPES,
  remediateAsset,
  type RemediationName,
} from '@drover-plugins/palo-alto-saas-security-client';
import { defineCommand, Fault } from '@drover/plugin-sdk';

interface Input {
  asset_id: string;
  remediation_type: RemediationName;
  remove_inherited_sharing: boolean;
}

interface Output {
  Remediation: { asset_id: string; remediation_type: string; status: 'pending' };
}

/** Asks for a remediation. The vendor accepts it with nothing to read, so that `pending` is said here. */
export default defineCommand<Input, Output>({
  testConnection: checkRemediationAccess,

  async run({ asset_id: assetId, remediation_type: type, remove_inherited_sharing: inherited }, context) {
    const reply = await remediateAsset(context, { assetId, type, removeInheritedSharing: inherited });
    if (reply.isAccepted) {
      const remediationType = REMEDIATION_TYPES[type];
      return { Remediation: { asset_id: assetId, remediation_type: remediationType, status: 'pending' } };
    }
    if (reply.status === 404) {
      throw new Fault('ASSET_NOT_FOUND', `SaaS Security has no asset ${assetId}.`, { path: '/asset_id' });
    }
    throw new Fault(
      'REMEDIATION_REFUSED',
      `SaaS Security refused (${reply.status}) "${type}" for asset ${assetId}: ${reply.words}.`,
    );
  },
});
