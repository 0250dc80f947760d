import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { FileProfileStore } from './file-profile-store.js';
import { VendorRefusal } from './vendor-refusal.js';

export const HASH_LIST_PATH = '/api/v1/updateFileHashList';

export interface FileProfileRules {
  /** The REST API v1 token that is let in. */
  token: string;
  /** Bytes of the list's text. */
  hashListBytes: number;
}

const FIELDS = ['name', 'list', 'token'];
const SUCCESS = { status: 'success', msg: 'File Filter Profile updated successfully' };
const HASH = /^(?:[0-9a-f]{32}|[0-9a-f]{64})$/i;
/** Beside the list there is the rest of the body. */
const BODY_ALLOWANCE_BYTES = 1024 * 1024;

/** The one endpoint of the REST API v1: it answers 200 to nearly everything, and says in the body what it thinks. */
export function addFileProfileRoutes(
  app: FastifyInstance,
  store: () => FileProfileStore,
  { token, hashListBytes }: FileProfileRules,
): void {
  app.post(HASH_LIST_PATH, { bodyLimit: hashListBytes + BODY_ALLOWANCE_BYTES }, async (request, reply) => {
    const fields = fieldsOf(request);
    if (fields['token'] !== token) throw unauthorized();
    const { name, list } = fields;
    const isRight = Object.keys(fields).every((field) => FIELDS.includes(field));
    if (!isRight || typeof name !== 'string' || typeof list !== 'string') {
      return reply.send(errorAnswer('Please use right request to query'));
    }
    const hashes = list.split(',').map((hash) => hash.trim());
    const refusal = faultOfList(list, { hashes, hashListBytes }) ?? store().update(name, hashes.map(lower));
    return reply.send(refusal === undefined ? SUCCESS : errorAnswer(refusal));
  });
}

/** What a v1 request shows as its token: in the body, as the vendor advises now, or in the query. */
export function v1TokenOf(request: FastifyRequest): string | undefined {
  const { token } = fieldsOf(request);
  return typeof token === 'string' ? token : undefined;
}

/** Fields may stand in the body or in the query; the body wins. */
function fieldsOf({ body, query }: FastifyRequest): Record<string, unknown> {
  const isRecord = typeof body === 'object' && body !== null && !Array.isArray(body);
  return { ...(query as Record<string, unknown>), ...(isRecord ? (body as Record<string, unknown>) : {}) };
}

function faultOfList(
  list: string,
  { hashes, hashListBytes }: { hashes: readonly string[]; hashListBytes: number },
): string | undefined {
  if (Buffer.byteLength(list) > hashListBytes) return `The list is larger than ${hashListBytes} bytes`;
  const bad = hashes.find((hash) => !HASH.test(hash));
  return bad === undefined ? undefined : `Invalid hash - ${bad.slice(0, 80)}`;
}

function lower(hash: string): string {
  return hash.toLowerCase();
}

function unauthorized(): VendorRefusal {
  return new VendorRefusal(403, 'Unauthorized', envelope('Authorization Error', 'Unauthorized'));
}

function errorAnswer(error: string): object {
  return envelope('Configuration Error', error);
}

function envelope(errorCode: string, error: string): object {
  return { status: 'error', errorCode, errors: [error] };
}
