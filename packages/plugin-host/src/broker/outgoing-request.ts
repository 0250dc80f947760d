import { Fault, type CallSpec, type HttpMethod } from '@drover/model';
import type { CallParams } from '@drover/plugin-sdk';

/** A request before authentication is put into it. */
export interface OutgoingRequest {
  readonly method: HttpMethod;
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: OutgoingBody;
}

export type OutgoingBody =
  | { readonly kind: 'json'; readonly value: unknown; readonly contentType: string }
  | { readonly kind: 'form'; readonly fields: Readonly<Record<string, string>> }
  | { readonly kind: 'text'; readonly text: string; readonly contentType: string };

const CONTENT_TYPE = /^[\w!#$&^.+-]+\/[\w!#$&^.+-]+(?:; ?[\w-]+=(?:"[^"\r\n]*"|[\w.+-]+))*$/;

/**
 * The request that a declared call makes of these parameters. They came from a plugin and are checked: every `{param}`
 * once and no other, only declared query names, one body at most and none on GET. Values are percent-encoded whole, so
 * that none can leave its segment, and a path never gets a `.` or `..` segment. Throws `CALL_INVALID`.
 */
export function buildRequest(spec: CallSpec, params: CallParams, baseUrl: string): OutgoingRequest {
  const path = fillPath(spec, params.params ?? {});
  const query = buildQuery(spec, params.query ?? {});
  const body = buildBody(spec, params);
  return {
    method: spec.method,
    // Joined as text: the host stands before the path begins, whatever the path holds.
    url: new URL(baseUrl + path + query),
    headers: body === undefined ? {} : { 'content-type': contentTypeOf(body) },
    ...(body === undefined ? {} : { body }),
  };
}

/** The body's content, whatever its kind. */
export function valueOf(body: OutgoingBody): unknown {
  if (body.kind === 'json') return body.value;
  return body.kind === 'text' ? body.text : body.fields;
}

/** The body as it goes over the wire. */
export function serializeBody(body: OutgoingBody): string {
  if (body.kind === 'json') return JSON.stringify(body.value);
  return body.kind === 'text' ? body.text : new URLSearchParams(body.fields).toString();
}

export function contentTypeOf(body: OutgoingBody): string {
  return body.kind === 'form' ? 'application/x-www-form-urlencoded' : body.contentType;
}

function invalid(spec: CallSpec, problem: string): Fault {
  return new Fault('CALL_INVALID', `The call ${spec.name} ${problem}`, { path: `/calls/${spec.name}` });
}

function fillPath(spec: CallSpec, given: Record<string, string | number>): string {
  const used = new Set<string>();
  const path = spec.path.replace(/\{([^{}]*)\}/g, (_, name: string) => {
    used.add(name);
    return encodeParam(spec, name, Object.hasOwn(given, name) ? given[name] : undefined);
  });
  const unknown = Object.keys(given).find((name) => !used.has(name));
  if (unknown !== undefined) throw invalid(spec, `has no path parameter ${unknown}.`);
  if (path.split('/').some((segment) => segment === '.' || segment === '..')) {
    throw invalid(spec, 'would leave its path: a segment came to be `.` or `..`.');
  }
  return path.startsWith('/') ? path : `/${path}`;
}

function encodeParam(spec: CallSpec, name: string, value: unknown): string {
  const text = typeof value === 'number' && Number.isFinite(value) ? String(value) : value;
  if (typeof text !== 'string' || text === '') {
    throw invalid(spec, `needs the path parameter ${name} as a text that is not empty, or a number.`);
  }
  return encode(spec, name, text);
}

function encode(spec: CallSpec, name: string, text: string): string {
  if (!text.isWellFormed()) throw invalid(spec, `got text for ${name} that is no valid Unicode.`);
  return encodeURIComponent(text);
}

function buildQuery(spec: CallSpec, given: NonNullable<CallParams['query']>): string {
  const pairs = Object.entries(given).flatMap(([name, value]) => {
    if (!spec.query?.includes(name)) {
      throw invalid(
        spec,
        `does not declare the query parameter ${name}; add it to the call’s query in the manifest.`,
      );
    }
    if (value === undefined) return [];
    if (!['string', 'number', 'boolean'].includes(typeof value)) {
      throw invalid(spec, `needs the query parameter ${name} as a text, number or boolean.`);
    }
    return [`${encodeURIComponent(name)}=${encode(spec, name, String(value))}`];
  });
  return pairs.length === 0 ? '' : `?${pairs.join('&')}`;
}

function buildBody(spec: CallSpec, { json, form, text, contentType }: CallParams): OutgoingBody | undefined {
  const given = [json, form, text].filter((body) => body !== undefined).length;
  if (given > 1) throw invalid(spec, 'got several bodies; give one of json, form and text.');
  if (given === 0) return undefined;
  if (spec.method === 'GET') throw invalid(spec, 'is a GET and takes no body.');
  if (contentType !== undefined && !CONTENT_TYPE.test(contentType)) {
    throw invalid(spec, 'got a content type that is none.');
  }
  if (form !== undefined) return { kind: 'form', fields: checkForm(spec, form) };
  if (text === undefined)
    return { kind: 'json', value: json, contentType: contentType ?? 'application/json' };
  if (typeof text !== 'string') throw invalid(spec, 'needs its text as a text.');
  return { kind: 'text', text, contentType: contentType ?? 'text/plain; charset=utf-8' };
}

function checkForm(spec: CallSpec, form: unknown): Record<string, string> {
  const isForm =
    typeof form === 'object' &&
    form !== null &&
    Object.values(form).every((value: unknown) => typeof value === 'string');
  if (!isForm) throw invalid(spec, 'needs its form as names with texts.');
  return form as Record<string, string>;
}
