import {
  checkIncidentAccess,
  closeIncident,
  incidentIdOf,
  readIncident,
} from '@drover-plugins/palo-alto-saas-security-client';
import { defineAction, rejected, skipped, succeeded, unchanged } from '@drover/plugin-sdk';
import { judge } from './judge.js';
import { type Config, wishOf } from './wish.js';
import { ofAnswer, ofIncident } from './write-back.js';

/** Closes one incident for each object, after a look at what SaaS Security has. */
export default defineAction<Config>({
  testConnection: (context) => checkIncidentAccess(context),

  async executeOne(object, context) {
    const incidentId = incidentIdOf(object);
    if (incidentId === undefined) return rejected(object, noId(object.value));
    const wish = wishOf(object, context.config);
    if ('code' in wish) return skipped(object, wish);
    const incident = await readIncident(context, incidentId);
    if (incident === undefined) return rejected(object, notFound(incidentId));
    const verdict = judge(incident, wish, { mayChange: context.config.changeCategory });
    if (verdict.do === 'refuse') return rejected(object, verdict.reason);
    if (verdict.do === 'leave') {
      return unchanged(object, verdict.reason, { writeBack: ofIncident(incident) });
    }
    const reply = await closeIncident(context, incidentId, verdict.category);
    if (reply.isClosed) return succeeded(object, { writeBack: ofAnswer(reply.state) });
    if (reply.status === 404) return rejected(object, notFound(incidentId));
    return rejected(object, {
      code: 'CLOSING_REFUSED',
      message: `SaaS Security refused (${reply.status}) to close incident ${incidentId}: ${reply.words}.`,
    });
  },
});

function noId(value: string) {
  return {
    code: 'INCIDENT_ID_MISSING',
    message: `"${value}" has no attribute incident_id, and does not end with the number of an incident.`,
  };
}

function notFound(incidentId: string) {
  return { code: 'INCIDENT_NOT_FOUND', message: `SaaS Security has no incident ${incidentId}.` };
}
