import {
  checkIncidentAccess,
  type Incident,
  readIncident,
} from '@drover-plugins/palo-alto-saas-security-client';
import { defineCommand, Fault } from '@drover/plugin-sdk';

/** Gets an incident by its id. */
export default defineCommand<{ id: string }, { Incident: Incident }>({
  testConnection: (context) => checkIncidentAccess(context),

  async run({ id }, context) {
    const incident = await readIncident(context, id);
    if (incident !== undefined) return { Incident: incident };
    throw new Fault('INCIDENT_NOT_FOUND', `SaaS Security has no incident ${id}.`, { path: '/id' });
  },
});
