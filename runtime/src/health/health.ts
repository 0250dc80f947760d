import type { Doorbell, DueWork, Engine, HeldWork, WorkWatch } from '@drover/engine';
import { asFault } from '@drover/model';
import { type QueueKind, queueKind } from '../environment/queue-kind.js';
import type { Settings } from '../environment/settings.js';
import { inTime } from './in-time.js';

/** Due work that nobody has taken for so long, while nobody has anything in hand, is left lying. */
const LEFT_LYING_MS = 15_000;

export interface Readiness {
  ready: boolean;
  /** What keeps it from being ready, one sentence each. */
  problems: string[];
  /** `memory`: rings stay in this process. `lost`: work of others is found within a second all the same. */
  queue: 'connected' | 'lost' | 'memory';
  /** What rings go through. */
  queueKind: QueueKind;
  /** Work that nobody holds; `since` in ISO 8601. */
  due?: { count: number; since?: string };
}

/** The parts of the runtime that it looks at. */
interface HealthPorts {
  surroundings: { settings: Settings };
  workWatch(): Promise<WorkWatch>;
  doorbell(): Promise<Doorbell>;
  engine(): Promise<Engine>;
}

/** How this process and the work of all processes stand. */
export class Health {
  readonly #parts: HealthPorts;
  #isStarting = true;

  constructor(parts: HealthPorts) {
    this.#parts = parts;
  }

  /** What the process serves with is there: it is ready unless something keeps it from working. */
  started(): void {
    this.#isStarting = false;
  }

  async readiness(now = new Date()): Promise<Readiness> {
    const problems: string[] = [];
    const work = await inTime(this.#work(now)).catch((error: unknown) => {
      problems.push(databaseProblem(error));
    });
    if (work !== undefined && isLeftLying(work, now)) {
      problems.push(`Work is due since ${work.due.since!.toISOString()} and no worker takes it.`);
    }
    if (this.#isStarting) problems.push('This process is starting.');
    else if ((await this.#parts.engine()).isStopped) problems.push('This process is stopping.');
    const due = work === undefined ? {} : { due: shown(work.due) };
    return { ready: problems.length === 0, problems, ...(await this.#queue()), ...due };
  }

  async #queue(): Promise<Pick<Readiness, 'queue' | 'queueKind'>> {
    const kind = queueKind(this.#parts.surroundings.settings);
    if (kind === 'memory') return { queue: 'memory', queueKind: kind };
    const { isReachable } = await this.#parts.doorbell();
    return { queue: isReachable ? 'connected' : 'lost', queueKind: kind };
  }

  async #work(now: Date): Promise<{ due: DueWork; held: HeldWork[] }> {
    const watch = await this.#parts.workWatch();
    return { due: await watch.due(now), held: await watch.held(now) };
  }
}

function isLeftLying({ due, held }: { due: DueWork; held: HeldWork[] }, now: Date): boolean {
  return due.since !== undefined && held.length === 0 && now.getTime() - due.since.getTime() > LEFT_LYING_MS;
}

function shown({ count, since }: DueWork): { count: number; since?: string } {
  return { count, ...(since === undefined ? {} : { since: since.toISOString() }) };
}

function databaseProblem(error: unknown): string {
  const { code, message } = asFault(error);
  return code === 'DATABASE_UNREACHABLE' ? message : `The database cannot be used: ${message}.`;
}
