import { Buffer } from 'node:buffer';
import { Fault, type AuthSpec, type CallSpec, type PluginManifest } from '@drover/model';
import { isRecord, type OutgoingRequest } from './outgoing-request.js';

/** A connection's fields and secrets in the clear, by field name. */
export interface Account {
  connectionName: string;
  settings: Readonly<Record<string, unknown>>;
  secrets: Readonly<Record<string, string>>;
}

/** The `auth` entry that a call uses: the one it names, the only one, or `default`. Throws `CALL_INVALID`. */
export function authOf(spec: CallSpec, manifest: PluginManifest): AuthSpec {
  const entries = manifest.connection.auth;
  const names = Object.keys(entries);
  const name = spec.auth ?? (names.length === 1 ? names[0]! : 'default');
  const auth = Object.hasOwn(entries, name) ? entries[name] : undefined;
  if (auth !== undefined) return auth;
  throw new Fault(
    'CALL_INVALID',
    `The call ${spec.name} wants the auth entry ${name}, which the manifest lacks.`,
    {
      path: `/calls/${spec.name}/auth`,
    },
  );
}

/** A copy of the request with a secret of the account where the vendor wants it. Faults: `SECRET_NOT_SET`, `CALL_INVALID`. */
export function placeSecret(
  request: OutgoingRequest,
  auth: Exclude<AuthSpec, { type: 'oauth2-client-credentials' }>,
  account: Account,
): OutgoingRequest {
  switch (auth.type) {
    case 'none':
      return request;
    case 'header':
      return withHeader(request, auth.name, `${auth.prefix ?? ''}${secretOf(account, auth.secret)}`);
    case 'basic':
      return withHeader(
        request,
        'authorization',
        basicCredentials(fieldOf(account, auth.username), secretOf(account, auth.secret)),
      );
    case 'query': {
      const url = new URL(request.url);
      url.searchParams.set(auth.name, secretOf(account, auth.secret));
      return { ...request, url };
    }
    case 'body':
      return withBodyField(request, auth.name, secretOf(account, auth.secret));
  }
}

/** Throws `SECRET_UNREADABLE` for a value that no header can carry, without repeating it. */
export function withHeader(request: OutgoingRequest, name: string, value: string): OutgoingRequest {
  if (!/^[\t\x20-\x7e\x80-\xff]*$/.test(value)) {
    throw new Fault(
      'SECRET_UNREADABLE',
      `The secret for the header ${name} has a line break or another character that no header can carry; set it again.`,
    );
  }
  return { ...request, headers: { ...request.headers, [name.toLowerCase()]: value } };
}

export function basicCredentials(user: string, password: string): string {
  return `Basic ${Buffer.from(`${user}:${password}`, 'utf8').toString('base64')}`;
}

/** A text as a form carries it. */
export function formEncode(text: string): string {
  return new URLSearchParams({ '': text }).toString().slice(1);
}

export function secretOf(account: Account, field: string): string {
  const secret = Object.hasOwn(account.secrets, field) ? account.secrets[field] : undefined;
  if (secret !== undefined) return secret;
  throw notSet(account, field);
}

/** A field that may be an open setting, such as a user name, or be held as a secret. */
export function fieldOf(account: Account, field: string): string {
  const setting = Object.hasOwn(account.settings, field) ? account.settings[field] : undefined;
  if (typeof setting === 'string' && setting !== '') return setting;
  return secretOf(account, field);
}

function notSet(account: Account, field: string): Fault {
  return new Fault(
    'SECRET_NOT_SET',
    `The connection ${account.connectionName} has no ${field}; set it with \`drover connection update\`.`,
    { path: `/${field}` },
  );
}

function withBodyField(request: OutgoingRequest, name: string, secret: string): OutgoingRequest {
  const body = request.body ?? { kind: 'json', value: {}, contentType: 'application/json' };
  if (body.kind === 'form')
    return { ...request, body: { kind: 'form', fields: { ...body.fields, [name]: secret } } };
  if (body.kind === 'json' && isRecord(body.value)) {
    return { ...request, body: { ...body, value: { ...body.value, [name]: secret } } };
  }
  if (body.kind === 'stream' && body.within !== undefined && body.within.member !== name) {
    const fields = { ...body.within.fields, [name]: secret };
    return { ...request, body: { ...body, within: { ...body.within, fields } } };
  }
  throw new Fault(
    'CALL_INVALID',
    'The secret goes into the body of this call, which therefore has to be a form or a JSON object (a stream: one with a streamMember).',
  );
}
