import { checkIncidentAccess, readApps, type SaasApp } from '@drover-plugins/palo-alto-saas-security-client';
import { defineCommand } from '@drover/plugin-sdk';

/** Lists all applications. */
export default defineCommand<Record<string, never>, { App: SaasApp[] }>({
  testConnection: (context) => checkIncidentAccess(context),

  async run(_nothing, context) {
    return { App: await readApps(context) };
  },
});
