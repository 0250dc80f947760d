import { Fault } from '@drover/model';

const MAX_DEPTH = 64;
/** Each object or array of a message costs the host some 50 bytes or more, however few bytes the sender spent on it. */
const MAX_CONTAINERS = 1_000_000;
const OPENING_BRACKET = 0x5b;
const OPENING_BRACE = 0x7b;

/**
 * Parses what came from a plugin. Faults: `PLUGIN_CONTRACT` for anything that is no JSON, that nests deeper than 64
 * levels, that holds more than a million objects and arrays, or that has a key `__proto__`, which would change the
 * prototype of whatever it is copied into.
 */
export function parseUntrustedJson(bytes: Buffer): unknown {
  if (bytes.length > MAX_CONTAINERS) checkContainers(bytes);
  let value: unknown;
  try {
    value = JSON.parse(bytes.toString('utf8'));
  } catch {
    throw new Fault('PLUGIN_CONTRACT', 'The plugin process sent bytes that are no JSON.');
  }
  checkShape(value, 1);
  return value;
}

function checkContainers(bytes: Buffer): void {
  let containers = 0;
  for (const byte of bytes) {
    if ((byte === OPENING_BRACE || byte === OPENING_BRACKET) && ++containers > MAX_CONTAINERS) {
      throw new Fault('PLUGIN_CONTRACT', `The plugin sent a message of over ${MAX_CONTAINERS} objects.`);
    }
  }
}

function checkShape(value: unknown, depth: number): void {
  if (typeof value !== 'object' || value === null) return;
  if (depth > MAX_DEPTH) {
    throw new Fault('PLUGIN_CONTRACT', `The plugin sent data nested deeper than ${MAX_DEPTH} levels.`);
  }
  if (Array.isArray(value)) {
    for (const item of value) checkShape(item, depth + 1);
    return;
  }
  for (const key in value) {
    if (key === '__proto__') {
      throw new Fault(
        'PLUGIN_CONTRACT',
        'The plugin sent data with a key __proto__, which no data may have.',
      );
    }
    checkShape((value as Record<string, unknown>)[key], depth + 1);
  }
}
