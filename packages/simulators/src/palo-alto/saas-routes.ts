import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { AccessDesk } from './access-desk.js';
import { namedPlugin } from '../simulator/named-plugin.js';
import { nextPathOf, readDeltaQuery } from './delta-query.js';
import { CLOSING_CATEGORIES, type IncidentStore, type SaasApp, stateOf } from './incident-store.js';
import {
  REMEDIATION_TYPES,
  type RemediationStore,
  type RemediationType,
  type SaasAsset,
  SHARING_APP_TYPES,
} from './remediation-store.js';
import { badRequest, SaasRefusal } from './saas-refusal.js';

export const TOKEN_PATH = '/oauth/token';
export const INCIDENTS_PATH = '/incident/api/incidents';
export const DELTA_PATH = `${INCIDENTS_PATH}/delta`;
export const APPS_PATH = '/incident/api/apps';
export const REMEDIATION_PATH = '/remediation/api/assets';

/** What a tenant holds. */
export interface SaasTenant {
  desk: AccessDesk;
  incidents: IncidentStore;
  remediations: RemediationStore;
  apps: readonly SaasApp[];
}

export interface SaasRules {
  /** Turns the path of the next page into another one, to see what a client makes of it. */
  nextPath?(path: string): string;
}

export function addSaasRoutes(app: FastifyInstance, tenant: () => SaasTenant, rules: SaasRules): void {
  app.post(TOKEN_PATH, async (request, reply) => {
    const form = request.body instanceof URLSearchParams ? request.body : new URLSearchParams();
    return reply.send(tenant().desk.mint(request.headers.authorization, form));
  });

  app.register(
    namedPlugin('incidents', async (incidents) => {
      incidents.addHook('onRequest', async (request) =>
        tenant().desk.admit(request.headers.authorization, 'incident_api'),
      );
      addIncidentRoutes(incidents, tenant, rules);
    }),
  );

  app.register(
    namedPlugin('assets', async (assets) => {
      assets.addHook('onRequest', async (request) =>
        tenant().desk.admit(request.headers.authorization, 'remediation_api'),
      );
      addRemediationRoutes(assets, tenant);
    }),
  );
}

function addIncidentRoutes(app: FastifyInstance, tenant: () => SaasTenant, rules: SaasRules): void {
  app.get(DELTA_PATH, async (request, reply) => {
    const query = readDeltaQuery(request.url);
    const resources = tenant().incidents.delta(query.filter, query.limit);
    const nextPath = nextPathOf(DELTA_PATH, query, resources.at(-1)?.updated_at);
    return reply.send({ limit: query.limit, nextPath: rules.nextPath?.(nextPath) ?? nextPath, resources });
  });

  app.get(`${INCIDENTS_PATH}/:id`, async (request, reply) => reply.send(incidentOf(request, tenant())));

  app.get(`${INCIDENTS_PATH}/:id/state`, async (request, reply) =>
    reply.send(stateOf(incidentOf(request, tenant()))),
  );

  app.post(`${INCIDENTS_PATH}/:id/state`, async (request, reply) => {
    const { incident_id: id } = incidentOf(request, tenant());
    const { state, category } = recordOf(request.body, ['state', 'category']);
    if (state !== 'closed') throw badRequest('state must be closed');
    if (!CLOSING_CATEGORIES.includes(category as (typeof CLOSING_CATEGORIES)[number])) {
      throw badRequest(`category must be one of: ${CLOSING_CATEGORIES.join(', ')}`);
    }
    return reply.send(stateOf(tenant().incidents.close(id, category as string)!));
  });

  app.get(APPS_PATH, async (_request, reply) => reply.send(tenant().apps));
}

function addRemediationRoutes(app: FastifyInstance, tenant: () => SaasTenant): void {
  app.post(REMEDIATION_PATH, async (request, reply) => {
    const body = recordOf(request.body, ['asset_id', 'remediation_type'], ['remove_inherited_sharing']);
    const type = typeOf(body['remediation_type']);
    const inherited = body['remove_inherited_sharing'];
    if (inherited !== undefined && (type !== 'remove_public_sharing' || typeof inherited !== 'boolean')) {
      throw badRequest('remove_inherited_sharing is a boolean of remove_public_sharing');
    }
    const asset = assetOf(body['asset_id'], tenant());
    if (type === 'remove_public_sharing' && !SHARING_APP_TYPES.has(asset.app_type)) {
      throw badRequest(`Public sharing cannot be removed in ${asset.app_type}`);
    }
    const removeInheritedSharing = inherited === true;
    tenant().remediations.accept({ assetId: asset.asset_id, type, removeInheritedSharing });
    return reply.code(202).send();
  });

  app.get(REMEDIATION_PATH, async (request, reply) => {
    const query = request.query as Record<string, unknown>;
    const asset = assetOf(query['asset_id'], tenant());
    const type = typeOf(query['remediation_type']);
    const status = tenant().remediations.status(asset, type);
    if (status === undefined) throw notFound(`No remediation ${type} of asset ${asset.asset_id}`);
    return reply.send(status);
  });
}

function incidentOf(request: FastifyRequest, { incidents }: SaasTenant) {
  const { id } = request.params as { id: string };
  const incident = /^\d{1,18}$/.test(id) ? incidents.find(Number(id)) : undefined;
  if (incident === undefined) throw notFound(`No incident ${id}`);
  return incident;
}

/** Assets are known by the incidents about them. */
function assetOf(id: unknown, { incidents }: SaasTenant): SaasAsset {
  const incident = incidents.findByAsset(id);
  if (incident === undefined) throw notFound(`No asset ${String(id)}`);
  return incident;
}

function typeOf(value: unknown): RemediationType {
  const type = REMEDIATION_TYPES.find((one) => one === value);
  if (type === undefined)
    throw badRequest(`remediation_type must be one of: ${REMEDIATION_TYPES.join(', ')}`);
  return type;
}

function recordOf(
  body: unknown,
  keys: readonly string[],
  optional: readonly string[] = [],
): Record<string, unknown> {
  if (typeof body !== 'object' || body === null || Array.isArray(body)) {
    throw badRequest('The body must be a JSON object');
  }
  const unknown = Object.keys(body).find((key) => !keys.includes(key) && !optional.includes(key));
  if (unknown !== undefined) throw badRequest(`Unknown property ${unknown}`);
  const missing = keys.find((key) => !(key in body));
  if (missing !== undefined) throw badRequest(`Property ${missing} is missing`);
  return body as Record<string, unknown>;
}

function notFound(description: string): SaasRefusal {
  return new SaasRefusal(404, description, 'Please check the id.');
}
