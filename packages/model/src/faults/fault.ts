import type { FaultRecord } from '../run.js';
import { isDiskFull } from './disk-full.js';
import { FAULTS, type FaultCode } from './fault-table.js';

const FAULT_MARK = Symbol.for('drover.fault');

export interface FaultOptions {
  /** Overrides the table's word on whether trying again may help. */
  retryable?: boolean;
  /** Milliseconds after which trying again makes sense. */
  retryAfterMs?: number;
  /** JSON Pointer, line number or entry name: where. */
  path?: string;
  cause?: unknown;
}

/**
 * A refusal or failure that a person can act on. Its identity is `code`: compare that, never `instanceof`, since a
 * fault may come from another process or another copy of this module.
 */
export class Fault extends Error {
  readonly [FAULT_MARK] = true;
  readonly code: string;
  readonly retryable: boolean;
  readonly retryAfterMs?: number;
  readonly path?: string;

  constructor(code: FaultCode | (string & {}), message: string, options: FaultOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'Fault';
    this.code = code;
    this.retryable = options.retryable ?? retryableByKind(code);
    if (options.retryAfterMs !== undefined) this.retryAfterMs = options.retryAfterMs;
    if (options.path !== undefined) this.path = options.path;
  }
}

function retryableByKind(code: string): boolean {
  return (FAULTS as Record<string, { retryable?: boolean }>)[code]?.retryable ?? false;
}

export function isFault(thing: unknown): thing is Fault {
  return (
    typeof thing === 'object' && thing !== null && (thing as Record<symbol, unknown>)[FAULT_MARK] === true
  );
}

/** The same fault as data, for stores, frames and printers. Leaves out the cause and the stack. */
export function toFaultRecord(fault: Fault): FaultRecord {
  return {
    code: fault.code,
    message: fault.message,
    ...(fault.path === undefined ? {} : { path: fault.path }),
    // A fault that is not worth another try although its kind is must still say so at the other end.
    ...(fault.retryable || retryableByKind(fault.code) ? { retryable: fault.retryable } : {}),
    ...(fault.retryAfterMs === undefined ? {} : { retryAfterMs: fault.retryAfterMs }),
  };
}

export function fromFaultRecord(record: FaultRecord): Fault {
  return new Fault(record.code, record.message, record);
}

/** Any thrown thing as a fault; what is no fault becomes `DISK_FULL` or `INTERNAL` with the original as its cause. */
export function asFault(thrown: unknown): Fault {
  if (isFault(thrown)) return thrown;
  const told = (thrown as { message?: unknown } | null | undefined)?.message;
  const message = typeof told === 'string' ? told : String(thrown);
  if (isDiskFull(thrown)) {
    return new Fault('DISK_FULL', `There is no space left to write to (${message}).`, { cause: thrown });
  }
  return new Fault('INTERNAL', message, { cause: thrown });
}

/** Several problems of one input, reported together. */
export class FaultList extends Fault {
  readonly problems: readonly FaultRecord[];

  constructor(code: FaultCode | (string & {}), message: string, problems: readonly FaultRecord[]) {
    super(code, message);
    this.problems = problems;
  }
}
