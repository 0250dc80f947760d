import { Fault, type PluginManifest } from '@drover/model';
import type { CheckedOutcome } from '../balance-books.js';
import type { PlanRecord, PlannedBody, PlannedHook, PlannedRequest } from '../ports/plan-ledger.js';
import type { OutgoingWrite, WriteVerdict } from '../ports/plugin-runtime.js';
import type { PlacedObject } from '../ports/run-ledger.js';
import { requestDigest } from '../request-digest.js';
import type { HookGate } from './hook-gate.js';

/** Most characters kept of a body. */
const MAX_BODY_CHARS = 256 * 1024;

export interface PlanGateOptions {
  hook: PlannedHook;
  batchIndex: number;
  manifest: PluginManifest;
  baseUrl: unknown;
  /** Objects of the hook, where they are known beforehand. */
  placed: readonly PlacedObject[];
}

/**
 * Records writes in place of letting them leave. A write is recorded when it is the first one for all objects that it
 * covers; what comes after may depend on an answer that never came, and is only refused.
 */
export class PlanGate implements HookGate {
  readonly #options: PlanGateOptions;
  readonly #placed: ReadonlyMap<string, PlacedObject>;
  readonly #covered = new Set<string>();
  readonly #requests: PlannedRequest[] = [];
  #coversAll = false;

  constructor(options: PlanGateOptions) {
    this.#options = options;
    this.#placed = new Map(
      options.placed.flatMap((one) => (one.object === undefined ? [] : [[one.object.id, one] as const])),
    );
  }

  get hasStopped(): boolean {
    return this.#requests.length > 0;
  }

  get requests(): readonly PlannedRequest[] {
    return this.#requests;
  }

  readonly beforeWrite = async (write: OutgoingWrite): Promise<WriteVerdict> => {
    if (this.#isFirst(write)) this.#take(write);
    const { name, method, path } = write.call;
    throw new Fault(
      'PLAN_STOP',
      `This run is a plan: the call ${name} (${method} ${path}) was recorded and not sent.`,
    );
  };

  withhold(): undefined {
    return undefined;
  }

  rule(placed: PlacedObject, answer?: CheckedOutcome): CheckedOutcome | undefined {
    const id = placed.object?.id;
    if (id !== undefined && (this.#covered.has(id) || this.#coversAll)) return planned(placed);
    if (answer === undefined) return this.hasStopped ? notComputed(placed) : undefined;
    return answer.code === 'PLAN_STOP' ? notComputed(placed) : answer;
  }

  record(placed: readonly PlacedObject[]): PlanRecord {
    return {
      requests: this.#requests,
      revisions: placed.flatMap(({ position, object }) =>
        object === undefined ? [] : [{ position, revision: object.revision }],
      ),
    };
  }

  #isFirst({ covers }: OutgoingWrite): boolean {
    if (this.#coversAll) return false;
    if (covers === undefined || covers.length === 0) return !this.hasStopped;
    return !covers.some((id) => this.#covered.has(id));
  }

  #take(write: OutgoingWrite): void {
    const { hook, batchIndex, manifest, baseUrl } = this.#options;
    const { call, covers } = write;
    if (covers === undefined) this.#coversAll = true;
    for (const id of covers ?? []) this.#covered.add(id);
    const positions = covers === undefined ? undefined : this.#positionsOf(covers);
    const description = write.describe();
    const { method, path, body } = description;
    this.#requests.push({
      hook,
      batchIndex,
      call: call.name,
      effect: call.effect,
      method,
      path,
      ...(body === undefined ? {} : { body: bodyOf(body) }),
      ...(call.blastRadius === undefined ? {} : { blastRadius: call.blastRadius }),
      digest: requestDigest(description, { call: call.name, baseUrl, volatile: manifest.volatile ?? [] }),
      ...(positions === undefined ? {} : { positions }),
      objects: positions?.length ?? this.#placed.size,
    });
  }

  #positionsOf(covers: readonly string[]): number[] {
    const known = [...new Set(covers)].flatMap((id) => this.#placed.get(id)?.position ?? []);
    return known.sort((left, right) => left - right);
  }
}

function bodyOf({
  contentType,
  value,
  bytes,
}: NonNullable<ReturnType<OutgoingWrite['describe']>['body']>): PlannedBody {
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return { contentType, text: text.slice(0, MAX_BODY_CHARS), bytes: bytes ?? Buffer.byteLength(text) };
}

function planned(placed: PlacedObject): CheckedOutcome {
  return {
    placed,
    status: 'skipped',
    code: 'PLANNED',
    message: 'A planned request covers this object; nothing was sent.',
  };
}

/** An object of a hook that ended at a write before it came to this one. */
export function notComputed(placed: PlacedObject): CheckedOutcome {
  return {
    placed,
    status: 'skipped',
    code: 'PLAN_NOT_COMPUTED',
    message:
      'The hook ended at its first write, which does not cover this object; applying the plan shows what becomes of it.',
  };
}

/** An object whose hook only read so far and waits for the vendor: a plan does not wait. */
export function notAwaited(placed: PlacedObject): CheckedOutcome {
  return {
    placed,
    status: 'skipped',
    code: 'PLAN_NOT_COMPUTED',
    message:
      'The hook asks to be polled about this object, for which a plan does not wait; applying the plan shows what becomes of it.',
  };
}
