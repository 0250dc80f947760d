import type {
  CircuitState,
  Grant,
  LimitNews,
  LimitStore,
  LimitTake,
  LimitVerdict,
  Refused,
} from '@drover/engine';
import type { Fault } from '@drover/model';
import { REPORT, TAKE } from './limit-scripts.js';
import { type RedisClient, RedisLink } from './redis-link.js';

export interface RedisLimitStoreOptions {
  /** Told once each time that Redis is lost or will not do. */
  onError(error: Fault | Error): void;
  /** Milliseconds since 1970 in the place of Redis's own clock, so that tests need not wait. */
  now?: () => number;
}

/** The scripts as commands of the client. Keys and arguments in a row. */
interface Scripted {
  droverTake(...given: (string | number)[]): Promise<[number, ...(string | number)[]]>;
  droverReport(...given: (string | number)[]): Promise<[number, number, number]>;
}

const CONNECT_MS = 2_000;
const KEYS = 4;

/** Budgets and circuits that all workers over one Redis share. Rejects at once while Redis is away or will not do. */
export class RedisLimitStore implements LimitStore {
  readonly #link: RedisLink;
  readonly #now: (() => number) | undefined;
  #opening: Promise<RedisClient & Scripted> | undefined;
  #timesConnected = 0;

  /** @param url as `parseRedisUrl` reads it, whose faults it throws */
  constructor(url: string, { onError, now }: RedisLimitStoreOptions) {
    this.#link = new RedisLink(url, onError, { retries: 0 });
    this.#now = now;
  }

  /** How often Redis was lost: it may have come back empty. */
  get epoch(): number {
    return Math.max(0, this.#timesConnected - 1);
  }

  /**
   * Connects. Resolves also while Redis is away or refuses commands, then after some seconds: it goes on trying. Faults:
   * `REDIS_EVICTS`, `VARIABLE_INVALID`.
   */
  async open(): Promise<void> {
    this.#opening ??= this.#open();
    await this.#opening;
  }

  async take(request: LimitTake): Promise<Grant> {
    const { connectionId, rateGroup, windows, evenIfDown, probeMs, wary } = request;
    const [granted, ...rest] = await this.#ask((client) =>
      client.droverTake(
        ...this.#keysOf(connectionId, rateGroup),
        this.#time(),
        Number(evenIfDown),
        probeMs,
        Number(wary),
        ...windows.flatMap(({ grants, inMs }) => [grants, inMs]),
      ),
    );
    if (granted === 1) {
      const [era, owes, isProbe] = rest as [number, number, number];
      return { granted: true, era, owes: owes === 1, isProbe: isProbe === 1 };
    }
    const [waitMs, because] = rest as [string, Refused['because']];
    return { granted: false, retryAfterMs: Math.ceil(Number(waitMs)), because };
  }

  async report(news: LimitNews): Promise<LimitVerdict> {
    const { connectionId, rateGroup, era, isProbe, vendor, closeMs, backOff, circuit } = news;
    const [backOffMs, downMs, isBack] = await this.#ask((client) =>
      client.droverReport(
        ...this.#keysOf(connectionId, rateGroup),
        this.#time(),
        era,
        Number(isProbe),
        vendor,
        connectionId,
        closeMs ?? '',
        ...(backOff === undefined ? ['', '', ''] : [backOff.firstMs, backOff.longestMs, backOff.stretch]),
        circuit.failures,
        circuit.overMs,
        circuit.forgetAfterMs,
        circuit.firstMs,
        circuit.longestMs,
        circuit.stretch,
      ),
    );
    return {
      ...(backOffMs < 0 ? {} : { backOffMs }),
      ...(downMs < 0 ? {} : { downMs }),
      ...(isBack === 1 ? { isBack: true } : {}),
    };
  }

  down(): Promise<CircuitState[]> {
    return this.#ask(async (client) => {
      const nowMs = this.#now?.() ?? (await timeOf(client));
      const connectionIds = await client.smembers(this.#openKey);
      const states = await Promise.all(
        connectionIds.toSorted().map(async (connectionId): Promise<CircuitState[]> => {
          const openUntil = await client.hget(this.#circuitKey(connectionId), 'openUntil');
          // A circuit that nobody has asked for in a day has expired.
          if (openUntil === null) return [];
          return [{ connectionId, probeInMs: Math.max(0, Math.ceil(Number(openUntil) - nowMs)) }];
        }),
      );
      return states.flat();
    });
  }

  close(): void {
    this.#link.close();
  }

  async #ask<Answer>(question: (client: RedisClient & Scripted) => Promise<Answer>): Promise<Answer> {
    const client = await this.#ready();
    return question(client).catch((error: Error) => {
      throw this.#link.faultOf(error);
    });
  }

  /** The first call waits for the connection as `open` does; later ones for nothing. */
  async #ready(): Promise<RedisClient & Scripted> {
    this.#opening ??= this.#open();
    const client = await this.#opening;
    const { problem } = this.#link;
    if (problem !== undefined) throw problem;
    return client;
  }

  async #open(): Promise<RedisClient & Scripted> {
    const client = await this.#link.client();
    client.on('ready', () => (this.#timesConnected += 1));
    client.defineCommand('droverTake', { numberOfKeys: KEYS, lua: TAKE });
    client.defineCommand('droverReport', { numberOfKeys: KEYS, lua: REPORT });
    await this.#link.connected(CONNECT_MS).catch((fault: Fault) => {
      // What is wrong for good is not waited out.
      if (!fault.retryable) throw fault;
    });
    return client as RedisClient & Scripted;
  }

  /** In braces, so that they lie in one slot of a cluster, beside those of the queue. */
  #keysOf(connectionId: string, rateGroup: string): string[] {
    const budget = `{${this.#link.prefix}}:limits:${connectionId}:${rateGroup}`;
    return [budget, `${budget}:grants`, this.#circuitKey(connectionId), this.#openKey];
  }

  /** Ids of the connections whose circuits are not closed. */
  get #openKey(): string {
    return `{${this.#link.prefix}}:circuits`;
  }

  #circuitKey(connectionId: string): string {
    return `{${this.#link.prefix}}:circuit:${connectionId}`;
  }

  #time(): string {
    return this.#now === undefined ? '' : String(this.#now());
  }
}

async function timeOf(client: RedisClient): Promise<number> {
  const [seconds, microseconds] = (await client.time()) as unknown as [string, string];
  return Number(seconds) * 1_000 + Number(microseconds) / 1_000;
}
