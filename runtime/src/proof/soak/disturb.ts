import { setTimeout as sleep } from 'node:timers/promises';
import type { FaultEffect } from '@drover/simulators';
import type { Disturbance, DisturbanceKind } from './disturbances.js';
import { inTime } from './in-time.js';
import { LEASE_SECONDS, type SoakSite } from './soak-site.js';

const PAUSE_MS = { least: 300, most: LEASE_SECONDS * 2_000 };
const REDIS_AWAY_MS = { least: 300, most: 4_000 };
const MOST_STRIKES = 12;
const SILENCE_MS = { least: 1_000, most: 5_000 };
const OUTAGES = [500, 502, 503];
const SOON_SECONDS = 1;
/** Beyond what a restart of PostgreSQL is given. */
const LONGEST_SECONDS = 75;

/** Does things to the processes, servers and vendors of a soak. */
export class Disturber {
  readonly #site: SoakSite;
  readonly #log: (line: string) => void;
  readonly #lasting = new Map<Promise<void>, DisturbanceKind>();
  readonly #failures: unknown[] = [];
  /** Redis is one thing at a time: away or there. */
  #isRedisAway = false;
  #restarting: Promise<void> = Promise.resolve();
  readonly counts = new Map<DisturbanceKind, number>();

  constructor(site: SoakSite, log: (line: string) => void) {
    this.#site = site;
    this.#log = log;
  }

  /** Begins it; it may last. */
  begin(disturbance: Disturbance): void {
    const lasting = this.#disturb(disturbance)
      .catch((error: unknown) => void this.#failures.push(error))
      .finally(() => this.#lasting.delete(lasting));
    this.#lasting.set(lasting, disturbance.kind);
  }

  /** Resolves when all that lasts is over, and the vendors answer again. Throws what kept one from being done. */
  async over(): Promise<void> {
    const what = `until this was over: ${[...this.#lasting.values()].join(', ')}; waiting`;
    await inTime(Promise.all(this.#lasting.keys()), { what, seconds: LONGEST_SECONDS });
    if (this.#failures.length > 0) throw this.#failures[0];
    await inTime(this.#site.vendors.calm(), { what: 'the vendors to be calm', seconds: LONGEST_SECONDS });
  }

  async #disturb(disturbance: Disturbance): Promise<void> {
    const { kind, which, long, way } = disturbance;
    const { crew } = this.#site;
    switch (kind) {
      case 'worker killed':
      case 'scheduler killed': {
        const victim = crew.pick(kind === 'worker killed' ? 'worker' : 'scheduler', which);
        return this.#note(kind, `${victim.name} is killed`, victim.kill());
      }
      case 'worker paused':
      case 'scheduler paused':
        return this.#pause(disturbance);
      case 'plugin killed':
        return this.#killPlugin(disturbance);
      case 'Redis killed':
      case 'Redis unreachable':
        return this.#takeRedis(disturbance);
      case 'PostgreSQL restarted':
        return this.#restartPostgres(disturbance);
      case 'vendor limits':
      case 'vendor fails':
      case 'vendor is silent': {
        const times = 1 + Math.floor(long * MOST_STRIKES);
        const effect = effectOf(kind, { long, way });
        // A vendor that limits has not done what it was asked for.
        const when = way < 0.5 || kind === 'vendor limits' ? 'before' : 'after';
        this.#site.vendors.order({ effect, times, when }, which);
        return this.#note(kind, `${kind}: ${JSON.stringify(effect)} ${when}, ${times} times`, true);
      }
    }
  }

  #note(kind: DisturbanceKind, line: string, isMet: boolean): void {
    this.#log(isMet ? line : `${kind}: there is nothing to meet`);
    if (isMet) this.counts.set(kind, (this.counts.get(kind) ?? 0) + 1);
  }

  async #pause({ kind, which, long }: Disturbance): Promise<void> {
    const member = this.#site.crew.pick(kind === 'worker paused' ? 'worker' : 'scheduler', which);
    const forMs = between(PAUSE_MS, long);
    this.#note(kind, `${member.name} is paused for ${forMs} ms`, member.signal('SIGSTOP'));
    await sleep(forMs);
    member.signal('SIGCONT');
  }

  async #killPlugin({ kind, which }: Disturbance): Promise<void> {
    const all = this.#site.crew.members.flatMap(({ name, children }) =>
      children.map((pid) => ({ name, pid })),
    );
    const victim = all[Math.floor(which * all.length)];
    this.#note(kind, `a plugin of ${victim?.name} is killed`, victim !== undefined && isKilled(victim.pid));
  }

  async #takeRedis({ kind, long, way }: Disturbance): Promise<void> {
    const { redis, wire } = this.#site;
    if (this.#isRedisAway) return this.#note(kind, '', false);
    this.#isRedisAway = true;
    const forMs = between(REDIS_AWAY_MS, long);
    if (kind === 'Redis killed') {
      this.#note(kind, `Redis is killed, and back empty after ${forMs} ms`, true);
      await redis.kill();
      await sleep(forMs);
      await redis.start();
    } else {
      const how = way < 0.5 ? 'refuses' : 'is silent';
      this.#note(kind, `Redis ${how} for ${forMs} ms`, true);
      if (way < 0.5) await wire.cut();
      else wire.silence();
      await sleep(forMs);
      await wire.mend();
    }
    this.#isRedisAway = false;
  }

  async #restartPostgres({ kind, way }: Disturbance): Promise<void> {
    const crash = way < 0.3;
    this.#note(kind, `PostgreSQL is restarted ${crash ? 'without' : 'with'} a shutdown`, true);
    this.#restarting = this.#restarting.then(() => this.#site.postgres.restart({ crash }));
    await this.#restarting;
  }
}

/** False when it has ended meanwhile. */
function isKilled(pid: number): boolean {
  try {
    return process.kill(pid, 'SIGKILL');
  } catch {
    return false;
  }
}

function effectOf(
  kind: 'vendor limits' | 'vendor fails' | 'vendor is silent',
  { long, way }: { long: number; way: number },
): FaultEffect {
  if (kind === 'vendor fails') return { kind: 'status', status: OUTAGES[Math.floor(long * OUTAGES.length)]! };
  if (kind === 'vendor limits') {
    const dialect = long < 0.5 ? 'ratelimit-reset' : 'retry-after';
    return { kind: 'rateLimit', dialect, waitSeconds: SOON_SECONDS };
  }
  // Either the connection ends without an answer, or the answer is long in coming.
  return (way * 10) % 1 < 0.5 ? { kind: 'drop' } : { kind: 'delay', delayMs: between(SILENCE_MS, long) };
}

function between({ least, most }: { least: number; most: number }, part: number): number {
  return Math.round(least + part * (most - least));
}
