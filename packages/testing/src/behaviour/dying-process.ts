import { setTimeout as sleep } from 'node:timers/promises';
import type { EnginePorts } from '@drover/engine';
import { Fault } from '@drover/model';

const LOOK_MS = 2;

/** Ledger methods that change what is stored: the places at which a process can die between two commits. */
const STEPS: ReadonlySet<string> = new Set([
  'claim',
  'settlePrepare',
  'settleBatch',
  'postpone',
  'endRun',
  'record',
  'settle',
]);

/**
 * A process that is killed at its n-th step, or when it takes a step of this name for the n-th time (default the first):
 * from then on nothing that it does has an effect on the store or the vendor.
 */
export class DyingProcess {
  readonly #dieAt: { step?: string; nth?: number };
  readonly #underWay = new Set<Promise<unknown>>();
  #taken = 0;
  #dead = false;

  constructor(dieAt: { step?: string; nth?: number }) {
    this.#dieAt = dieAt;
  }

  get isDead(): boolean {
    return this.#dead;
  }

  /** Resolves when it is dead and what it had sent to the store has come to its end, one way or the other. */
  async gone(): Promise<void> {
    while (!this.#dead) await sleep(LOOK_MS);
    await Promise.allSettled(this.#underWay);
  }

  /** A place to die; throws when it has happened. */
  step(name: string): void {
    const { step = name, nth = 1 } = this.#dieAt;
    if (step === name) this.#taken += 1;
    if (this.#taken >= nth) this.#dead = true;
    this.#refuseIfDead();
  }

  /** The ports as this process has them: every step can be its last, before it takes effect or right after. */
  ports(ports: EnginePorts): EnginePorts {
    return { ...ports, ledger: this.#mortal(ports.ledger), journal: this.#mortal(ports.journal) };
  }

  #mortal<Port extends object>(port: Port): Port {
    return new Proxy(port, {
      get: (target, name) => {
        const member: unknown = Reflect.get(target, name);
        if (typeof member !== 'function') return member;
        return async (...args: unknown[]) => {
          const isStep = STEPS.has(String(name));
          if (isStep) this.step(`before ${String(name)}`);
          this.#refuseIfDead();
          const underWay = Promise.resolve(member.apply(target, args));
          this.#underWay.add(underWay);
          const result: unknown = await underWay.finally(() => this.#underWay.delete(underWay));
          if (isStep) this.step(`after ${String(name)}`);
          return result;
        };
      },
    });
  }

  #refuseIfDead(): void {
    if (this.#dead) throw new Fault('INTERNAL', 'The process is dead.');
  }
}
