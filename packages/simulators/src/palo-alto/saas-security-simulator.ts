import type { FastifyInstance } from 'fastify';
import type { Simulator } from '../simulator/simulator.js';
import type { StormOptions } from '../simulator/storm.js';
import { createSimulator, type RateLimit } from '../simulator/vendor-simulator.js';
import { AccessDesk, bearerOf, type SaasClient } from './access-desk.js';
import { inventIncident, inventIncidents, SAAS_APPS } from './incident-seeds.js';
import { IncidentStore, type SaasApp, type SaasIncident } from './incident-store.js';
import { RemediationStore, type RemediationType, type SaasRemediation } from './remediation-store.js';
import { SaasRefusal } from './saas-refusal.js';
import { addSaasRoutes, type SaasRules, type SaasTenant } from './saas-routes.js';

export interface SaasSecuritySimulatorOptions extends SaasClient, SaasRules {
  /** Incidents to start with: how many to invent, or themselves. Default: none. */
  incidents?: number | SaasIncident[];
  /** Seconds that a token lives. Default 7,140, the vendor's own. */
  tokenLifeSeconds?: number;
  /** Milliseconds until a remediation is done. Default 2,000. */
  remediationMs?: number;
  /** Ids of assets whose remediation ends badly. Default: none. */
  failingAssets?: readonly string[];
  /** Default: none; nothing is published about the vendor's. */
  rateLimit?: RateLimit;
  /** Milliseconds that every request takes at least. Default 0. */
  latencyMs?: number;
  /** Strikes requests at random. */
  storm?: StormOptions;
  /** The vendor's clock. Default: the real one. */
  now?: () => Date;
}

export interface SaasSecurityState {
  incidents: SaasIncident[];
  remediations: SaasRemediation[];
  /** How often the API changed the state of an incident. */
  stateWrites: number;
  tokensMinted: number;
}

export interface SaasSecuritySimulator extends Simulator<SaasSecurityState> {
  /** Changes an incident as an analyst in the vendor's console would; `updated_at` moves unless it is given. */
  changeIncident(id: number, changes: Partial<SaasIncident>): void;
  /** A further incident: invented by its number, with these fields laid over it. */
  addIncident(id: number, fields?: Partial<SaasIncident>): void;
  /** Asks for a remediation, as somebody else with the API would. */
  askForRemediation(assetId: string, type: RemediationType): void;
  /** Has all remediations that were asked for done at once. */
  finishRemediations(): void;
  /** Takes back all tokens before their time. */
  revokeTokens(): void;
}

const MEBIBYTE = 1024 * 1024;
const CHANGES_SCHEMA = { body: { type: 'object', minProperties: 1 } } as const;

/**
 * A stand-in of a SaaS Security tenant, kept in memory: incidents with their time cursor and state, applications,
 * remediation of assets that is done a while later. Beside the usual control path, `PATCH /__sim/incidents/ID` changes an
 * incident from the vendor's side.
 */
export function createSaasSecuritySimulator(options: SaasSecuritySimulatorOptions): SaasSecuritySimulator {
  const now = options.now ?? (() => new Date());
  let tenant = newTenant(options, now);
  const change = (id: number, changes: Partial<SaasIncident>) => {
    if (tenant.incidents.change(id, changes) !== undefined) return;
    throw new SaasRefusal(404, `No incident ${id}`, 'Please check the id.');
  };
  const simulator = createSimulator<SaasSecurityState>(
    {
      addRoutes: (app) => {
        addWireRules(app);
        addSaasRoutes(app, () => tenant, options);
        app.patch('/__sim/incidents/:id', { schema: CHANGES_SCHEMA }, async (request, reply) => {
          change(Number((request.params as { id: string }).id), request.body as Partial<SaasIncident>);
          return reply.code(204).send();
        });
      },
      state: () => stateOf(tenant),
      reset: () => {
        tenant = newTenant(options, now);
      },
      secretsOf: ({ headers }) =>
        [bearerOf(headers.authorization), options.clientSecret].filter((secret) => secret !== undefined),
      endpointOf: (path) => path,
      ...(options.rateLimit === undefined ? {} : { rateLimitOf: () => options.rateLimit }),
    },
    {
      maxBodyBytes: MEBIBYTE,
      now,
      storm: options.storm,
      ...(options.latencyMs === undefined ? {} : { latencyMs: options.latencyMs }),
    },
  );
  return Object.assign(simulator, {
    changeIncident: change,
    addIncident: (id: number, fields: Partial<SaasIncident> = {}) =>
      tenant.incidents.add({ ...inventIncident(id, now()), ...fields, incident_id: id }),
    askForRemediation: (assetId: string, type: RemediationType) =>
      tenant.remediations.accept({ assetId, type, removeInheritedSharing: false }),
    finishRemediations: () => tenant.remediations.finishAll(),
    revokeTokens: () => tenant.desk.revokeAll(),
  });
}

function newTenant(options: SaasSecuritySimulatorOptions, now: () => Date): SaasTenant & { apps: SaasApp[] } {
  const { incidents = 0, tokenLifeSeconds = 7_140, remediationMs = 2_000, failingAssets = [] } = options;
  const seeds = typeof incidents === 'number' ? inventIncidents(incidents, now()) : incidents;
  return {
    desk: new AccessDesk(options, { lifeSeconds: tokenLifeSeconds, now }),
    incidents: new IncidentStore(seeds, now),
    remediations: new RemediationStore({ durationMs: remediationMs, failing: failingAssets, now }),
    apps: [...SAAS_APPS],
  };
}

function stateOf({ incidents, remediations, desk }: SaasTenant): SaasSecurityState {
  return {
    incidents: incidents.list(),
    remediations: remediations.list(),
    stateWrites: incidents.stateWrites,
    tokensMinted: desk.minted,
  };
}

function addWireRules(app: FastifyInstance): void {
  app.addContentTypeParser(
    'application/x-www-form-urlencoded',
    { parseAs: 'string' },
    (_request, body, done) => done(null, new URLSearchParams(body as string)),
  );
  app.setErrorHandler((error: Error & { statusCode?: number }, _request, reply) => {
    const statusCode = error.statusCode ?? 500;
    const refusal =
      error instanceof SaasRefusal ? error : new SaasRefusal(statusCode, error.message, 'Please try again.');
    return reply.code(statusCode).send(refusal.body);
  });
  app.setNotFoundHandler((request, reply) => {
    const path = request.url.split('?', 1)[0]!;
    return reply
      .code(404)
      .send(new SaasRefusal(404, `No ${request.method} ${path}`, 'Please check it.').body);
  });
}
