/** A request without an answer. */
export interface Breakage {
  kind: 'broken';
  reason: 'timeout' | 'unreachable' | 'untrusted' | 'too-large' | 'aborted';
  /** False when nothing can have reached the vendor. */
  mayHaveArrived: boolean;
  /** Whether it is what calls to a vendor that is down meet: no answer, and not for a name that nobody has. */
  isOutage: boolean;
  /** In plain words, with the system's code; never the library's message, which may hold the request. */
  detail: string;
  /** What was thrown right before the first byte, which never left. */
  refusal?: unknown;
}

interface CodedError {
  code?: unknown;
  syscall?: unknown;
}

interface LibraryError extends CodedError {
  name?: unknown;
  cause?: CodedError;
}

const PLAIN: Readonly<Record<string, string>> = {
  ENOTFOUND: 'no such host',
  EAI_AGAIN: 'the name server did not answer',
  ECONNREFUSED: 'the connection was refused',
  ECONNRESET: 'the connection was closed before an answer came',
  EPIPE: 'the connection was closed while the request was sent',
  EHOSTUNREACH: 'no route to the host',
  ENETUNREACH: 'no route to the network',
  ERR_PROXY_TUNNEL: 'the proxy did not let the connection through',
  ERR_PROXY_INVALID_CONFIG: 'the proxy has to be an http or https URL, its user and password percent-encoded',
  UND_ERR_SOCKET: 'the connection was closed before an answer came',
  HTTPParserError: 'the answer was no HTTP',
  UND_ERR_RES_CONTENT_LENGTH_MISMATCH: 'the answer was cut short',
  UND_ERR_HEADERS_OVERFLOW: 'the head of the answer is larger than allowed',
  UND_ERR_DESTROYED: 'the connection was dropped on this side',
  UND_ERR_CLOSED: 'the connection was dropped on this side',
  UND_ERR_INVALID_ARG: 'the request cannot be written as HTTP',
};

/** A slip in the base URL, more likely than an outage. */
const NO_SUCH_HOST = 'ENOTFOUND';

/** Node's names for what is wrong with a certificate. */
const CERTIFICATE =
  /^(?:CERT_|CRL_|DEPTH_ZERO_SELF_SIGNED_CERT|SELF_SIGNED_CERT|UNABLE_TO_|INVALID_CA|INVALID_PURPOSE|HOSTNAME_MISMATCH|ERR_TLS_CERT|ERR_SSL_|EPROTO)/;

/** Has no code. */
const PARSER_ERROR = 'HTTPParserError';

const TIMED_OUT: ReadonlySet<string> = new Set(['ETIMEDOUT', 'UND_ERR_CONNECT_TIMEOUT']);

/** Codes that only come up before a request is sent. */
const BEFORE_SENDING =
  /^(?:ENOTFOUND|EAI_|ECONNREFUSED|EHOSTUNREACH|ENETUNREACH|ENETDOWN|EADDRNOTAVAIL|EMFILE|ENFILE|ERR_PROXY_)/;

/** What the sender knows of a request that broke. */
export interface Seen {
  /** The connection stood, its TLS handshake done: bytes of the request may have left. */
  connected: boolean;
  tooLarge: boolean;
  timedOut: boolean;
  /** By the caller. */
  aborted: boolean;
  /** What was thrown right before the first byte. */
  refusal?: unknown;
}

/** Says what an error of the HTTP library means, and keeps nothing of it. */
export function breakageOf(thrown: unknown, seen: Seen): Breakage {
  const error = thrown as LibraryError | undefined;
  const code = codeOf(error);
  const mayHaveArrived = seen.connected && !isBeforeSending(code, error);
  const broken = (reason: Breakage['reason'], detail: string): Breakage => ({
    kind: 'broken',
    reason,
    mayHaveArrived,
    isOutage: reason === 'timeout' || (reason === 'unreachable' && code !== NO_SUCH_HOST),
    detail,
  });
  if (seen.refusal !== undefined) {
    return { ...broken('aborted', 'it was stopped before it was sent'), refusal: seen.refusal };
  }
  if (seen.tooLarge) return broken('too-large', 'the answer is larger than allowed');
  if (seen.aborted) return broken('aborted', 'it was stopped');
  if (seen.timedOut || TIMED_OUT.has(code)) return broken('timeout', 'no answer came in time');
  if (CERTIFICATE.test(code)) return broken('untrusted', `the TLS handshake failed (${code})`);
  return broken('unreachable', `${PLAIN[code] ?? 'the connection failed'} (${code})`);
}

function codeOf(error: LibraryError | undefined): string {
  const code = error?.cause?.code ?? error?.code;
  if (code !== undefined) return String(code);
  return error?.name === PARSER_ERROR ? PARSER_ERROR : 'unknown';
}

function isBeforeSending(code: string, error: LibraryError | undefined): boolean {
  const syscall = error?.cause?.syscall ?? error?.syscall;
  return (
    BEFORE_SENDING.test(code) || CERTIFICATE.test(code) || syscall === 'connect' || syscall === 'getaddrinfo'
  );
}
