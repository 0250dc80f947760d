import { Fault, type FaultRecord, WIRE_PROTOCOL } from '@drover/model';
import {
  type Ask,
  type LogLine,
  MAX_PIECE,
  type PluginFrame,
  type StreamPiece,
} from '@drover/plugin-sdk/wire';

const MAX_PIECE_BASE64 = 4 * Math.ceil(MAX_PIECE / 3);

type Fields = Record<string, unknown>;

/**
 * A parsed message of a plugin process as a frame; its payloads (`value`, `params`, `outcomes`, `page`, `fields`) stay
 * unchecked. Fault: `PLUGIN_CONTRACT`.
 */
export function readPluginFrame(message: unknown): PluginFrame {
  if (!isRecord(message)) throw breach('a message that is no object');
  switch (message.kind) {
    case 'hello':
      return readHello(message);
    case 'ask':
      return { kind: 'ask', id: numberOf(message, 'id'), ask: numberOf(message, 'ask'), ...readAsk(message) };
    case 'log':
      return { kind: 'log', id: numberOf(message, 'id'), ...readLogLine(message) };
    case 'piece':
      return {
        kind: 'piece',
        id: numberOf(message, 'id'),
        ask: numberOf(message, 'ask'),
        ...readPiece(message),
      };
    case 'result':
      return { kind: 'result', id: numberOf(message, 'id'), value: message.value };
    case 'fault':
      return { kind: 'fault', id: numberOf(message, 'id'), fault: readFault(message.fault) };
    case 'fatal':
      return { kind: 'fatal', message: textOf(message, 'message') };
    default:
      throw breach(`a message of the unknown kind ${String(message.kind)}`);
  }
}

function readHello(message: Fields): PluginFrame {
  if (message.protocol !== WIRE_PROTOCOL) {
    throw new Fault(
      'PLUGIN_CONTRACT',
      `The plugin's code speaks wire protocol ${String(message.protocol)} and this runtime ${WIRE_PROTOCOL}; pack it again with the matching SDK.`,
    );
  }
  if (!isRecord(message.plugins)) throw breach('a hello without plugins');
  const plugins = message.plugins as Extract<PluginFrame, { kind: 'hello' }>['plugins'];
  return { kind: 'hello', protocol: WIRE_PROTOCOL, plugins };
}

function readAsk(message: Fields): Ask {
  switch (message.what) {
    case 'call':
      return {
        what: 'call',
        name: textOf(message, 'name'),
        params: message.params,
        readOnly: message.readOnly === true,
        ...(message.streams === true ? { streams: true } : {}),
      };
    case 'cacheGet':
    case 'cacheDelete':
      return { what: message.what, key: textOf(message, 'key') };
    case 'cacheSet':
      return {
        what: 'cacheSet',
        key: textOf(message, 'key'),
        value: message.value,
        ttlMs: numberOf(message, 'ttlMs'),
      };
    case 'page':
      return { what: 'page' };
    case 'outcomes':
      if (!Array.isArray(message.outcomes)) throw breach('outcomes that are no array');
      return { what: 'outcomes', outcomes: message.outcomes };
    case 'feedPage':
      return { what: 'feedPage', page: message.page };
    default:
      throw breach(`a request of the unknown kind ${String(message.what)}`);
  }
}

function readLogLine(message: Fields): LogLine {
  const { level, fields } = message;
  if (level !== 'debug' && level !== 'info' && level !== 'warn') throw breach('a log line without a level');
  return { level, message: textOf(message, 'message'), ...(isRecord(fields) ? { fields } : {}) };
}

function readPiece({ piece, fault }: Fields): { piece: StreamPiece | null } | { fault: FaultRecord } {
  if (fault !== undefined) return { fault: readFault(fault) };
  if (piece === null) return { piece };
  if (!isRecord(piece)) throw breach('a piece of a body that is no object');
  if (piece.base64 === undefined) return { piece: { text: boundedText(piece, 'text', MAX_PIECE) } };
  return { piece: { base64: boundedText(piece, 'base64', MAX_PIECE_BASE64) } };
}

function boundedText(message: Fields, field: string, most: number): string {
  const text = textOf(message, field);
  if (text.length <= most) return text;
  throw breach(`a piece of a body of over ${MAX_PIECE} characters or bytes`);
}

function readFault(fault: unknown): FaultRecord {
  if (!isRecord(fault)) throw breach('a fault that is no object');
  return {
    code: textOf(fault, 'code'),
    message: textOf(fault, 'message'),
    ...(typeof fault.path === 'string' ? { path: fault.path } : {}),
    ...(fault.retryable === true ? { retryable: true } : {}),
    ...(typeof fault.retryAfterMs === 'number' ? { retryAfterMs: fault.retryAfterMs } : {}),
  };
}

function isRecord(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function textOf(message: Fields, field: string): string {
  const value = message[field];
  if (typeof value === 'string') return value;
  throw breach(`a message whose ${field} is no text`);
}

function numberOf(message: Fields, field: string): number {
  const value = message[field];
  if (typeof value === 'number') return value;
  throw breach(`a message whose ${field} is no number`);
}

function breach(what: string): Fault {
  return new Fault('PLUGIN_CONTRACT', `The plugin process sent ${what}.`);
}
