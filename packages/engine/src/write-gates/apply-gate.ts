import { Fault, type PluginManifest } from '@drover/model';
import type { CheckedOutcome } from '../balance-books.js';
import type { ExpectedRequest, PlannedObject } from '../ports/plan-ledger.js';
import type { InvokeOptions, OutgoingWrite, WriteVerdict } from '../ports/plugin-runtime.js';
import type { PlacedObject } from '../ports/run-ledger.js';
import { requestDigest } from '../request-digest.js';
import type { HookGate } from './hook-gate.js';

export interface ApplyGateOptions {
  manifest: PluginManifest;
  baseUrl: unknown;
  placed: readonly PlacedObject[];
  /** What the plan recorded for this hook. */
  expected: readonly ExpectedRequest[];
  /** The plan's objects by position; absent for hooks without objects of their own. */
  planned?: ReadonlyMap<number, PlannedObject>;
  /** Asked about every write that is as planned. */
  next: InvokeOptions['beforeWrite'];
}

/**
 * Lets through what a plan showed. The first write for an object must be the one that was planned for it; writes that
 * follow a planned one are let through as in any run.
 */
export class ApplyGate implements HookGate {
  readonly #options: ApplyGateOptions;
  readonly #positions: ReadonlyMap<string, number>;
  /** Of what is expected, that which has come. */
  readonly #seen = new Set<ExpectedRequest>();
  readonly #drifted = new Set<number>();
  #allDrifted = false;
  #reason = '';

  constructor(options: ApplyGateOptions) {
    this.#options = options;
    this.#positions = new Map(
      options.placed.flatMap(({ position, object }) =>
        object === undefined ? [] : [[object.id, position] as const],
      ),
    );
  }

  get hasStopped(): boolean {
    return this.#allDrifted || this.#drifted.size > 0;
  }

  readonly beforeWrite = async (write: OutgoingWrite): Promise<WriteVerdict> => {
    const positions = this.#positionsOf(write);
    const why = this.#problemOf(write, positions);
    if (why === undefined) return this.#options.next(write);
    this.#reason = why;
    if (positions === undefined || positions.length === 0) this.#allDrifted = true;
    for (const position of positions ?? []) this.#drifted.add(position);
    throw new Fault('PLAN_DRIFT', why);
  };

  withhold(placed: PlacedObject): CheckedOutcome | undefined {
    if (this.#options.planned === undefined || placed.object === undefined) return undefined;
    const planned = this.#options.planned.get(placed.position);
    if (planned?.revision === placed.object.revision) return undefined;
    return drift(
      placed,
      planned === undefined
        ? 'The plan did not come to this object; nothing was sent for it.'
        : 'The object was changed after the plan was made; nothing was sent for it.',
    );
  }

  rule(placed: PlacedObject, answer?: CheckedOutcome): CheckedOutcome | undefined {
    const isDrifted = this.#drifted.has(placed.position) || this.#allDrifted;
    return placed.object !== undefined && isDrifted ? drift(placed, this.#reason) : answer;
  }

  record(): undefined {
    return undefined;
  }

  #problemOf(write: OutgoingWrite, positions: readonly number[] | undefined): string | undefined {
    const { expected } = this.#options;
    if (this.#isDrifted(positions)) return this.#reason;
    const { name, method } = write.call;
    const digest = this.#digestOf(write);
    const match = expected.find((one) => one.digest === digest && sameList(one.positions, positions));
    if (match !== undefined) {
      this.#seen.add(match);
      return undefined;
    }
    const awaited = expected.find((one) => !this.#seen.has(one) && overlaps(one.positions, positions));
    if (awaited !== undefined) {
      return `The plan showed ${awaited.method} ${awaited.path} here, and the action came with another request (call ${name}); it was not sent.`;
    }
    if (this.#isFollowUp(positions)) return undefined;
    return `The plan showed no write here, and the action came with one (${method}, call ${name}); it was not sent.`;
  }

  /** Whether something planned has gone before, for these objects or for the hook that they were left open by. */
  #isFollowUp(positions: Positions): boolean {
    const before = this.#options.expected.filter((one) => this.#seen.has(one));
    if (before.length === 0) return false;
    if (before.some((one) => overlaps(one.positions, positions))) return true;
    return positions!.every((position) => this.#options.planned?.get(position)?.isOpen);
  }

  #digestOf(write: OutgoingWrite): string {
    const { manifest, baseUrl } = this.#options;
    const options = { call: write.call.name, baseUrl, volatile: manifest.volatile ?? [] };
    return requestDigest(write.describe(), options);
  }

  #isDrifted(positions: readonly number[] | undefined): boolean {
    if (positions === undefined) return this.hasStopped;
    return this.#allDrifted || positions.some((position) => this.#drifted.has(position));
  }

  #positionsOf({ covers }: OutgoingWrite): number[] | undefined {
    if (covers === undefined) return undefined;
    const known = [...new Set(covers)].flatMap((id) => this.#positions.get(id) ?? []);
    return known.sort((left, right) => left - right);
  }
}

type Positions = readonly number[] | undefined;

function sameList(left: Positions, right: Positions): boolean {
  if (left === undefined || right === undefined) return left === right;
  return left.length === right.length && left.every((position, at) => position === right[at]);
}

/** Whether two writes of a hook have to do with each other; one that names no objects has to do with all. */
function overlaps(left: Positions, right: Positions): boolean {
  if (left === undefined || right === undefined || left.length === 0 || right.length === 0) return true;
  const among = new Set(right);
  return left.some((position) => among.has(position));
}

function drift(placed: PlacedObject, message: string): CheckedOutcome {
  return { placed, status: 'failed', code: 'PLAN_DRIFT', message };
}
