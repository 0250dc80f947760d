import {
  fullLaunch,
  type Isolation,
  type IsolationReport,
  type Launch,
  probeIsolation,
} from './isolation.js';
import type { SandboxLimits } from './sandbox-limits.js';

/**
 * How plugin processes are started on this machine. The first one is started with all of the isolation, which either holds or
 * keeps it from starting; only then is it tried, part by part, what there is. So no process runs with less than the machine
 * can do, and where it can do all, nothing is tried, which costs a start of Node.
 */
export class LaunchChoice {
  readonly #limits: SandboxLimits;
  #probed: Promise<Isolation> | undefined;
  #proven: Launch | undefined;

  constructor(limits: SandboxLimits) {
    this.#limits = limits;
  }

  /** What there is, found out by trying. */
  async describe(): Promise<IsolationReport> {
    return (await this.#probe()).report;
  }

  /** How to start the next process, and whether one was started so before. */
  async next(): Promise<{ launch: Launch; isProven: boolean }> {
    if (this.#proven !== undefined) return { launch: this.#proven, isProven: true };
    const launch = await fullLaunch(this.#limits);
    return launch ? { launch, isProven: false } : { launch: await this.tried(), isProven: true };
  }

  /** A process started so. */
  confirm(launch: Launch): void {
    this.#proven = launch;
  }

  /** What of the isolation there is, from now on. */
  async tried(): Promise<Launch> {
    const { launch } = await this.#probe();
    this.#proven = launch;
    return launch;
  }

  #probe(): Promise<Isolation> {
    this.#probed ??= probeIsolation(this.#limits);
    return this.#probed;
  }
}
