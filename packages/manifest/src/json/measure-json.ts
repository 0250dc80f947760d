import { childPointer } from './json-pointer.js';
import { problem, type Problem } from './problem.js';

export interface JsonLimits {
  /** Most levels of lists and records; a plain value has depth 0. */
  maxDepth: number;
  /** Most bytes of the value as compact JSON in UTF-8. */
  maxBytes: number;
}

interface Step {
  value: unknown;
  pointer: string;
  depth: number;
}

/**
 * The reason why a value is not JSON of a bearable size, if there is one. Looks without recursion and stops at the
 * limits, so that it stands any value, cycles included; what passes can be walked and validated by recursion.
 * Members that are `undefined` count as absent.
 */
export function jsonProblem(value: unknown, limits: JsonLimits): Problem | undefined {
  const steps: Step[] = [{ value, pointer: '', depth: 0 }];
  let seen = 0;
  for (let step = steps.pop(); step; step = steps.pop()) {
    // Every value takes a byte at least, so that this ends a walk through something endless.
    if (++seen > limits.maxBytes) return tooLarge(limits);
    if (isPlain(step.value)) continue;
    const members = membersOf(step.value);
    if (!members) return problem('DOCUMENT_NOT_JSON', step.pointer, 'This is not a JSON value: remove it.');
    if (step.depth === limits.maxDepth) {
      const message = `Nested more than ${limits.maxDepth} levels deep: flatten it.`;
      return problem('DOCUMENT_TOO_DEEP', step.pointer, message);
    }
    if (seen + members.length > limits.maxBytes) return tooLarge(limits);
    for (const [key, member] of members) {
      steps.push({ value: member, pointer: childPointer(step.pointer, key), depth: step.depth + 1 });
    }
  }
  return Buffer.byteLength(JSON.stringify(value)) > limits.maxBytes ? tooLarge(limits) : undefined;
}

/** A copy of a value that `jsonProblem` has nothing against. */
export function copyJson<Value>(value: Value): Value {
  return JSON.parse(JSON.stringify(value)) as Value;
}

function tooLarge({ maxBytes }: JsonLimits): Problem {
  return problem('DOCUMENT_TOO_LARGE', '', `Larger than ${maxBytes} bytes as JSON: shorten it.`);
}

function isPlain(value: unknown): boolean {
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return true;
  return typeof value === 'number' && Number.isFinite(value);
}

function membersOf(value: unknown): [string | number, unknown][] | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  if (Array.isArray(value)) return Array.from(value, (member: unknown, index) => [index, member]);
  if ('toJSON' in value && typeof value.toJSON === 'function') return undefined;
  // A record's prototype is that of its realm, whose own prototype is null; class instances have a longer chain.
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== null && Object.getPrototypeOf(prototype) !== null) return undefined;
  return Object.entries(value).filter(([, member]) => member !== undefined);
}
