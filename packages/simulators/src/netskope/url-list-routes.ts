import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { readEditBody, readEntries, readListBody, type ListData } from './list-bodies.js';
import { LIST_FIELDS, listJson, listsJson, type ListField } from './list-json.js';
import type { ListView, UrlListStore } from './url-list-store.js';
import { VendorRefusal, type RefusalShape } from './vendor-refusal.js';

export const URL_LISTS_PATH = '/api/v2/policy/urllist';
export const DEPLOY_PATH = `${URL_LISTS_PATH}/deploy`;

export interface UrlListLimits {
  /** Entries over all lists. */
  urlsPerTenant: number;
  /** Entries over all regex lists. */
  regexesPerTenant: number;
}

export interface UrlListRules {
  limits: UrlListLimits;
  refusalShape: RefusalShape;
}

/** The URL list endpoints. The multipart upload (`POST …/file`) is not simulated. */
export function addUrlListRoutes(app: FastifyInstance, store: () => UrlListStore, rules: UrlListRules): void {
  app.get(URL_LISTS_PATH, async (request, reply) => {
    const { view, fields } = readListQuery(request);
    return sendJson(reply, listsJson(store().list(view), fields));
  });

  app.post(URL_LISTS_PATH, async (request, reply) => {
    const { name, type, urls } = readListBody(request.body);
    if (
      store()
        .list()
        .some((list) => list.name === name)
    ) {
      throw new VendorRefusal(400, `URL list ${name} already exists`);
    }
    const entries = readEntries({ type, urls }, rules.refusalShape);
    refuseOverLimit(store(), rules.limits, { type, added: new Set(entries).size });
    return sendJson(reply, listJson(store().create(name, type, entries)), 201);
  });

  app.post(DEPLOY_PATH, async (_request, reply) => sendJson(reply, listsJson(store().deploy())));

  app.get(`${URL_LISTS_PATH}/:id`, async (request, reply) =>
    sendJson(reply, listJson(find(store(), request))),
  );

  app.put(`${URL_LISTS_PATH}/:id`, async (request, reply) => {
    const list = find(store(), request);
    const { name, ...data } = readListBody(request.body);
    const entries = replacement(store(), rules, list, data);
    return sendJson(reply, listJson(store().replace(list.id, { name, type: data.type, urls: entries })));
  });

  app.delete(`${URL_LISTS_PATH}/:id`, async (request, reply) =>
    sendJson(reply, listJson(store().delete(find(store(), request).id))),
  );

  app.patch(`${URL_LISTS_PATH}/:id/append`, async (request, reply) => {
    const list = find(store(), request);
    const data = readOwnType(request.body, list);
    const entries = readEntries(data, rules.refusalShape);
    refuseOverLimit(store(), rules.limits, { type: list.type, added: list.urls.countNew(entries) });
    return sendJson(reply, listJson(store().append(list.id, entries)));
  });

  app.patch(`${URL_LISTS_PATH}/:id/replace`, async (request, reply) => {
    const list = find(store(), request);
    const entries = replacement(store(), rules, list, readOwnType(request.body, list));
    return sendJson(reply, listJson(store().replace(list.id, { urls: entries })));
  });
}

function readListQuery(request: FastifyRequest): { view?: 'applied' | 'pending'; fields?: ListField[] } {
  const { pending, field, ...others } = request.query as Record<string, string | string[]>;
  const unknown = Object.keys(others);
  if (unknown.length > 0) throw new VendorRefusal(400, `query ${unknown.join(', ')} should not exist`);
  if (pending !== undefined && pending !== '0' && pending !== '1') {
    throw new VendorRefusal(400, 'pending must be 0 or 1');
  }
  const fields = field === undefined ? undefined : [field].flat().join(',').split(',');
  if (fields?.some((name) => !LIST_FIELDS.includes(name as ListField))) {
    throw new VendorRefusal(400, `field must be of: ${LIST_FIELDS.join(', ')}`);
  }
  return {
    ...(pending === undefined ? {} : { view: pending === '1' ? 'pending' : 'applied' }),
    ...(fields === undefined ? {} : { fields: LIST_FIELDS.filter((name) => fields.includes(name)) }),
  };
}

function find(store: UrlListStore, request: FastifyRequest): ListView {
  const { id } = request.params as { id: string };
  const list = /^\d+$/.test(id) ? store.find(Number(id)) : undefined;
  if (list === undefined) throw new VendorRefusal(404, `URL list ${id} not found`);
  return list;
}

function readOwnType(body: unknown, list: ListView): ListData {
  if (list.modifyType === 'Deleted') throw new VendorRefusal(404, `URL list ${list.id} is deleted`);
  const data = readEditBody(body);
  if (data.type !== list.type) {
    throw new VendorRefusal(400, `data.type ${data.type} does not match the list, which is ${list.type}`);
  }
  return data;
}

function replacement(store: UrlListStore, rules: UrlListRules, list: ListView, data: ListData): string[] {
  const entries = readEntries(data, rules.refusalShape);
  if (entries.length === 0) throw new VendorRefusal(400, 'data.urls should not be empty');
  refuseOverLimit(store, rules.limits, { type: data.type, added: new Set(entries).size - list.urls.size });
  return entries;
}

function refuseOverLimit(
  store: UrlListStore,
  limits: UrlListLimits,
  { type, added }: { type: ListView['type']; added: number },
): void {
  if (store.countEntries() + added > limits.urlsPerTenant) {
    throw new VendorRefusal(400, `URL list limit of ${limits.urlsPerTenant} per tenant exceeded`);
  }
  if (type === 'regex' && store.countEntries('regex') + added > limits.regexesPerTenant) {
    throw new VendorRefusal(400, `Regex limit of ${limits.regexesPerTenant} per tenant exceeded`);
  }
}

function sendJson(reply: FastifyReply, json: string, status = 200): FastifyReply {
  return reply.code(status).type('application/json; charset=utf-8').send(json);
}
