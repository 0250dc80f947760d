import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { TokenOffice } from './token-office.js';
import { refusalBody, VendorRefusal } from './vendor-refusal.js';

export const TOKEN_PATH = '/oauth2/token';
export const REVOKE_PATH = '/oauth2/revoke';

const CREATED = 201;

export interface ApiClient {
  id: string;
  secret: string;
}

/** The OAuth 2.0 endpoints. A token is created (201), and the header says which cloud the account lives in. */
export function addTokenRoutes(
  app: FastifyInstance,
  { client, region, office }: { client: ApiClient; region: string; office: () => TokenOffice },
): void {
  app.post(TOKEN_PATH, async (request, reply) => {
    const form = formOf(request, ['client_id', 'client_secret'], ['grant_type', 'member_cid', 'scope']);
    if (form['client_id'] !== client.id || form['client_secret'] !== client.secret) {
      throw new VendorRefusal(403, 'access denied, authorization failed');
    }
    const { token, lifeS } = office().issue();
    return reply
      .code(CREATED)
      .header('x-cs-region', region)
      .send({ access_token: token, expires_in: lifeS, token_type: 'bearer' });
  });

  app.post(REVOKE_PATH, async (request, reply) => {
    const basic = Buffer.from(`${client.id}:${client.secret}`).toString('base64');
    if (request.headers.authorization !== `Basic ${basic}`) throw new VendorRefusal(401, 'access denied');
    office().revoke(formOf(request, ['token'], ['client_id'])['token']!);
    return reply.send({ ...refusalBody(200, ''), errors: [] });
  });
}

/** What a request shows as its token. */
export function bearerOf(request: FastifyRequest): string | undefined {
  return /^Bearer (.+)$/i.exec(request.headers.authorization ?? '')?.[1];
}

/** Secrets that a request shows. */
export function secretsOf(request: FastifyRequest): string[] {
  const secret = request.body instanceof URLSearchParams ? request.body.get('client_secret') : undefined;
  return [bearerOf(request), secret].filter((text) => typeof text === 'string');
}

function formOf(request: FastifyRequest, keys: string[], optional: string[]): Record<string, string> {
  if (!(request.body instanceof URLSearchParams)) throw new VendorRefusal(400, 'the body must be a form');
  const form = Object.fromEntries(request.body);
  const missing = keys.find((key) => !form[key]);
  if (missing !== undefined) throw new VendorRefusal(400, `${missing} is required`);
  const unknown = Object.keys(form).find((key) => ![...keys, ...optional].includes(key));
  if (unknown !== undefined) throw new VendorRefusal(400, `unknown field ${unknown}`);
  return form;
}
