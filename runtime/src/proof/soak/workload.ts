import { setTimeout as sleep } from 'node:timers/promises';
import type { RunView } from '@drover/engine';
import { hasEnded, isFault } from '@drover/model';
import { FEED, type SoakSite } from './soak-site.js';
import type { SoakSubject } from './soak-subjects.js';

const LOOK_MS = 500;
const PULL_EVERY_MS = 3_000;
/** The last slices are asked for before the time is over, so that they are disturbed too. */
const ASKED_BY = 0.9;
/** A poll that failed again and again is put off for five minutes. */
const MOST_CALM_SECONDS = 360;
/** What a question may be refused with because an earlier one was heard after all. */
const HEARD: readonly string[] = ['RUN_IN_PROGRESS', 'PULL_IN_PROGRESS'];

/** When all is calm after so many seconds of disturbances, everything has to have ended by then. */
export function longestCalm(seconds: number): number {
  return Math.min(MOST_CALM_SECONDS, 60 + 2 * seconds);
}

/** Asks for runs, slice by slice over the time of a soak, and for pulls, as people and their programs do. */
export class Workload {
  readonly #site: SoakSite;
  readonly #seconds: number;
  #pulledAt = 0;

  constructor(site: SoakSite, { seconds }: { seconds: number }) {
    this.#site = site;
    this.#seconds = seconds;
  }

  /** Goes on for the time of the soak. */
  async goOn(): Promise<void> {
    const startedAt = performance.now();
    for (;;) {
      const share = (performance.now() - startedAt) / (this.#seconds * 1_000);
      if (share >= 1) return;
      await this.#look(share);
      this.#site.vendors.live();
      if (performance.now() - this.#pulledAt > PULL_EVERY_MS) await this.#pull();
      await sleep(LOOK_MS);
    }
  }

  /** Asks for what is left, now that nothing happens any more. What does not come to its end comes back. */
  async finish(): Promise<string[]> {
    const seconds = longestCalm(this.#seconds);
    const until = performance.now() + seconds * 1_000;
    const calmAt = new Date().toISOString();
    await this.#pull();
    for (;;) {
      const open = [...(await this.#look(Infinity)), ...(await this.#openPull(calmAt))];
      if (open.length === 0) return [];
      if (performance.now() > until)
        return open.map((what) => `${what} ${seconds} s after the last disturbance`);
      await sleep(LOOK_MS);
    }
  }

  /** Asks for the runs that are due; what is not done yet comes back. */
  async #look(share: number): Promise<string[]> {
    const { data } = await this.#site.ask(({ runs }) => runs.list({ limit: 1_000 }));
    const open: string[] = [];
    for (const subject of this.#site.subjects) {
      const own = data.filter(({ collection }) => collection === subject.name);
      const running = own.find(({ status }) => !hasEnded(status));
      const remaining = own[0]?.summary.remaining;
      if (running !== undefined) open.push(describeOpen(subject, running));
      else if (remaining !== 0) {
        open.push(`${remaining ?? 'all'} objects of ${subject.name} remain`);
        if (isDue(subject, own.length, share)) await this.#run(subject);
      }
    }
    return open;
  }

  async #run({ name, action, connection, config, values, slices }: SoakSubject): Promise<void> {
    const objectsPerRun = Math.ceil(values.length / slices);
    await this.#demand(() =>
      this.#site.ask(({ actions }) =>
        actions.run({ action, connection, collection: name, config, objectsPerRun }),
      ),
    );
  }

  async #pull(): Promise<void> {
    this.#pulledAt = performance.now();
    await this.#demand(() => this.#site.ask(({ feeds }) => feeds.run(FEED)));
  }

  /** Pulls again until one has come to its end that began in the calm: an earlier one need not have seen what came last. */
  async #openPull(calmAt: string): Promise<string[]> {
    const { data } = await this.#site.ask(({ feeds }) => feeds.pulls(FEED, { limit: 1 }));
    const [last] = data;
    if (last?.status === 'succeeded' && last.startedAt! >= calmAt) return [];
    if (last === undefined || hasEnded(last.status)) await this.#pull();
    return [`the pull ${last?.id} is ${last?.status} (${last?.fault?.message})`];
  }

  async #demand(question: () => Promise<unknown>): Promise<void> {
    try {
      await question();
    } catch (error) {
      if (!isFault(error) || !HEARD.includes(error.code)) throw error;
    }
  }
}

function describeOpen({ name }: SoakSubject, { id, status, summary, pending }: RunView): string {
  const parked = pending === undefined ? '' : `, ${pending.objects} pending`;
  return `${id} over ${name} is ${status} (${summary.objectsRead} of ${summary.objects} objects${parked})`;
}

function isDue({ slices, startsAt }: SoakSubject, taken: number, share: number): boolean {
  return share >= startsAt + (1 - startsAt) * ASKED_BY * (taken / slices);
}
