import type { CallReply } from '@drover/plugin-sdk';
import type { Redactor } from '../secrets/redactor.js';

/** A vendor's answer before it was looked into. */
export interface RawAnswer {
  status: number;
  /** Lower-case names. */
  headers: Readonly<Record<string, string>>;
  text: string;
  /** When it came, for an answer that was kept; else now. */
  at?: string;
}

/** A kept reply as the answer that it was. */
export function toAnswer({ status, headers, body, at }: CallReply): RawAnswer {
  const text = body === undefined ? '' : typeof body === 'string' ? body : JSON.stringify(body);
  return { status, headers, text, at };
}

/** Headers that may hand out a session or say how to log in. */
const WITHHELD = /^(?:set-cookie2?|cookie|authorization|authentication-info|www-authenticate|proxy-.*)$/;

/** The answer as a plugin may see it: parsed, redacted, without headers that authenticate. `at` is ISO 8601 in UTC. */
export function toReply(answer: RawAnswer, redactor: Redactor, at: string): CallReply {
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(answer.headers)) {
    if (!WITHHELD.test(name)) headers[name] = redactor.redactText(value);
  }
  return { status: answer.status, headers, body: readBody(answer, redactor), at: answer.at ?? at };
}

function readBody({ text, headers }: RawAnswer, redactor: Redactor): unknown {
  if (text === '') return undefined;
  const parsed = parseJson(text, headers['content-type'] ?? '');
  if (parsed === undefined) return redactor.redactText(text);
  // JSON without a backslash holds its texts literally, so that one look at the whole is enough.
  return text.includes('\\') || redactor.finds(text) ? redactor.redact(parsed) : parsed;
}

/** JSON by its content type or by its looks: some vendors send it as text. `undefined` when it is none. */
function parseJson(text: string, contentType: string): unknown {
  if (!/\bjson\b/i.test(contentType) && !/^\s*[[{]/.test(text)) return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
