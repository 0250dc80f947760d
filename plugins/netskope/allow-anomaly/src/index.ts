import { allowAnomaly, type AllowedAnomaly, checkAnomalies } from '@drover-plugins/netskope-client';
import { defineCommand } from '@drover/plugin-sdk';

/** Undoes an impact on a user's confidence. */
export default defineCommand<{ anomalyId: string; reason: string }, AllowedAnomaly>({
  testConnection: checkAnomalies,
  run: (input, context) => allowAnomaly(context, input),
});
