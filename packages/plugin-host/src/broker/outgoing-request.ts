import { Fault, type CallSpec, type HttpMethod } from '@drover/model';
import type { BodySource, GivenParams } from './broker.js';
import { StreamedBody } from './streamed-body.js';

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
  | { readonly kind: 'text'; readonly text: string; readonly contentType: string }
  | {
      readonly kind: 'stream';
      readonly stream: StreamedBody;
      /** The JSON object of which it is one member, as text. */
      readonly within?: { readonly fields: Readonly<Record<string, unknown>>; readonly member: string };
      readonly contentType: string;
    };

const CONTENT_TYPE = /^[\w!#$&^.+-]+\/[\w!#$&^.+-]+(?:; ?[\w-]+=(?:"[^"\r\n]*"|[\w.+-]+))*$/;

/**
 * The request that a declared call makes of these parameters. They came from a plugin and are checked: every `{param}`
 * once and no other, only declared query names, one body at most and none on GET. Values are percent-encoded whole, so
 * that none can leave its segment, and a path never gets a `.` or `..` segment. Throws `CALL_INVALID`.
 */
export function buildRequest(spec: CallSpec, params: GivenParams, baseUrl: string): OutgoingRequest {
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

/** The body's content, whatever its kind; of what is streamed, its figures and beginning. */
export function valueOf(body: OutgoingBody, redact: (text: string) => string): unknown {
  switch (body.kind) {
    case 'json':
      return body.value;
    case 'form':
      return body.fields;
    case 'text':
      return body.text;
    case 'stream': {
      const { stream, within } = body;
      const streamed = stream.describe(redact);
      return within === undefined ? streamed : { ...within.fields, [within.member]: streamed };
    }
  }
}

/** The body as it goes over the wire. */
export function serializeBody(body: OutgoingBody): string | AsyncGenerator<Buffer> {
  switch (body.kind) {
    case 'json':
      return JSON.stringify(body.value);
    case 'form':
      return new URLSearchParams(body.fields).toString();
    case 'text':
      return body.text;
    case 'stream':
      return streamOf(body);
  }
}

type StreamBody = Extract<OutgoingBody, { kind: 'stream' }>;

/** Bytes of a streamed body on the wire; `undefined` for what is not streamed. */
export function streamedLength(body: OutgoingBody | undefined): number | undefined {
  if (body?.kind !== 'stream') return undefined;
  const { before, after } = frameOf(body);
  return before.length + body.stream.figures.bytes + after.length;
}

async function* streamOf(body: StreamBody): AsyncGenerator<Buffer> {
  const { before, after } = frameOf(body);
  if (before.length > 0) yield before;
  yield* body.stream.send();
  if (after.length > 0) yield after;
}

/** What stands around a streamed member: the rest of its object. */
function frameOf({ within }: StreamBody): { before: Buffer; after: Buffer } {
  if (within === undefined) return { before: Buffer.alloc(0), after: Buffer.alloc(0) };
  const fields = JSON.stringify(within.fields).slice(0, -1);
  const comma = fields === '{' ? '' : ',';
  return {
    before: Buffer.from(`${fields}${comma}${JSON.stringify(within.member)}:"`),
    after: Buffer.from('"}'),
  };
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

function buildQuery(spec: CallSpec, given: NonNullable<GivenParams['query']>): string {
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

function buildBody(spec: CallSpec, params: GivenParams): OutgoingBody | undefined {
  const { json, form, text, stream, streamMember, contentType } = params;
  const isMember = stream !== undefined && streamMember !== undefined;
  const given = [isMember ? undefined : json, form, text, stream].filter((body) => body !== undefined).length;
  if (given > 1) throw invalid(spec, 'got several bodies; give one of json, form, text and stream.');
  if (streamMember !== undefined && stream === undefined)
    throw invalid(spec, 'got a streamMember without a stream.');
  if (given === 0) return undefined;
  if (spec.method === 'GET') throw invalid(spec, 'is a GET and takes no body.');
  if (contentType !== undefined && !CONTENT_TYPE.test(contentType)) {
    throw invalid(spec, 'got a content type that is none.');
  }
  if (stream !== undefined) return buildStream(spec, stream, params);
  if (form !== undefined) return { kind: 'form', fields: checkForm(spec, form) };
  if (text === undefined)
    return { kind: 'json', value: json, contentType: contentType ?? 'application/json' };
  if (typeof text !== 'string') throw invalid(spec, 'needs its text as a text.');
  return { kind: 'text', text, contentType: contentType ?? 'text/plain; charset=utf-8' };
}

function buildStream(
  spec: CallSpec,
  source: BodySource,
  { json, streamMember: member, contentType }: GivenParams,
): OutgoingBody {
  if (member === undefined) {
    const stream = new StreamedBody(source, { isJsonText: false });
    return { kind: 'stream', stream, contentType: contentType ?? 'application/octet-stream' };
  }
  if (!isRecord(json) || typeof member !== 'string' || Object.hasOwn(json, member)) {
    throw invalid(spec, 'needs beside its streamMember a json object that does not have that member.');
  }
  const stream = new StreamedBody(source, { isJsonText: true });
  const within = { fields: json, member };
  return { kind: 'stream', stream, within, contentType: contentType ?? 'application/json' };
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function checkForm(spec: CallSpec, form: unknown): Record<string, string> {
  const isForm =
    typeof form === 'object' &&
    form !== null &&
    Object.values(form).every((value: unknown) => typeof value === 'string');
  if (!isForm) throw invalid(spec, 'needs its form as names with texts.');
  return form as Record<string, string>;
}
