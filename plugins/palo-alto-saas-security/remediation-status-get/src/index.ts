import {
  checkRemediationAccess,
  readRemediation,
  type RemediationName,
  type RemediationStatus,
} from '@drover-plugins/palo-alto-saas-security-client';
import { defineCommand, Fault } from '@drover/plugin-sdk';

interface Input {
  asset_id: string;
  remediation_type: RemediationName;
}

/** Gets how a remediation stands. */
export default defineCommand<Input, { Remediation: RemediationStatus }>({
  testConnection: checkRemediationAccess,

  async run({ asset_id: assetId, remediation_type: type }, context) {
    const remediation = await readRemediation(context, { assetId, type });
    if (remediation !== undefined) return { Remediation: remediation };
    throw new Fault(
      'REMEDIATION_NOT_FOUND',
      `SaaS Security knows of no "${type}" of asset ${assetId}; it may take a moment after it was asked for.`,
    );
  },
});
