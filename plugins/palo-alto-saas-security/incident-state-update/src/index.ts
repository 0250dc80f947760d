import {
  checkIncidentAccess,
  closeIncident,
  type ClosedState,
  closingCategoryOf,
} from '@drover-plugins/palo-alto-saas-security-client';
import { defineCommand, Fault } from '@drover/plugin-sdk';

interface Output {
  /** The id as it was given, as text. */
  IncidentState: ClosedState & { incident_id: string };
}

/** Closes an incident, or gives a closed one another category. */
export default defineCommand<{ id: string; category: string }, Output>({
  testConnection: (context) => checkIncidentAccess(context),

  async run({ id, category }, context) {
    const code = closingCategoryOf(category);
    if (code === undefined) {
      throw new Fault('INPUT_INVALID', `SaaS Security cannot close an incident as "${category}".`, {
        path: '/category',
      });
    }
    const reply = await closeIncident(context, id, code);
    if (reply.isClosed) return { IncidentState: { incident_id: id, ...reply.state } };
    if (reply.status === 404) {
      throw new Fault('INCIDENT_NOT_FOUND', `SaaS Security has no incident ${id}.`, { path: '/id' });
    }
    throw new Fault(
      'CLOSING_REFUSED',
      `SaaS Security refused (${reply.status}) to close incident ${id}: ${reply.words}.`,
    );
  },
});
