import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { Fault, isFault } from '@drover/model';
import type { Cluster, Redis } from 'ioredis';
import { type RedisAddress, parseRedisUrl } from './redis-url.js';

export type RedisClient = Redis | Cluster;

const FIRST_RETRY_MS = 50;
const MAX_RETRY_MS = 2_000;
const LOOK_EVERY_MS = 3_000;
/** A Redis that takes longer than this to answer is taken for lost. */
const ANSWER_MS = 3_000;
/** Where this process itself was held up, the answer may have come and not been read. */
const GRACE_MS = 100;
/** A write under the prefix that leaves nothing behind. */
const TRY_TO_WRITE = `redis.call('SET', KEYS[1], '') redis.call('DEL', KEYS[1])`;
/** `ERR invalid password` is what Redis 5 says. */
const SIGN_IN = /^(?:WRONGPASS|NOAUTH|ERR invalid password)/;

/** How long a client waits before it tries to connect again. */
function retryDelayMs(times: number): number {
  return Math.min(FIRST_RETRY_MS * 2 ** Math.min(times - 1, 10), MAX_RETRY_MS);
}

/**
 * One client of a Redis. It connects again by itself for as long as it is open; commands wait for that. Each time that it has
 * connected, and every three seconds, it looks whether this Redis answers, evicts nothing and takes writes. A connection over which
 * no answer comes is given up for another one.
 */
export class RedisLink {
  readonly #address: RedisAddress;
  readonly #onError: (error: Fault | Error) => void;
  readonly #retries: number | null;
  #client: RedisClient | undefined;
  #watch: NodeJS.Timeout | undefined;
  /** When the last connection came about. */
  #greetedAt = 0;
  #looking: Promise<Fault | undefined> | undefined;
  /** What is wrong with this Redis. Nobody knows until the first look. */
  #problem: Fault | undefined;
  /** A command was refused since the last look. */
  #refusal: Fault | undefined;
  /** Kinds of problems that were told of since Redis last worked. */
  readonly #told = new Set<string>();
  #isClosed = false;

  /**
   * @param onError told of each kind of problem once, until Redis works again
   * @param retries how often a command whose connection was lost waits for the next one; `null`: always
   */
  constructor(
    url: string,
    onError: (error: Fault | Error) => void,
    { retries = null }: { retries?: number | null } = {},
  ) {
    this.#retries = retries;
    this.#address = parseRedisUrl(url);
    this.#onError = onError;
    this.#problem = this.#unreachable('no answer');
  }

  get prefix(): string {
    return this.#address.prefix;
  }

  /** Whether it is connected and the last look found nothing wrong. */
  get isConnected(): boolean {
    return this.problem === undefined;
  }

  /** Why Redis cannot be used now. Faults: those of `connected`. */
  get problem(): Fault | undefined {
    return this.#problem ?? (this.#client?.status === 'ready' ? undefined : this.#unreachable('no answer'));
  }

  async client(): Promise<RedisClient> {
    if (this.#client !== undefined) return this.#client;
    const { Cluster, Redis } = await import('./redis-libraries.js');
    const address = this.#address;
    const client: RedisClient =
      address.kind === 'cluster'
        ? new Cluster(address.nodes, {
            ...address.options,
            clusterRetryStrategy: retryDelayMs,
            redisOptions: { ...address.options.redisOptions, maxRetriesPerRequest: this.#retries },
          })
        : new Redis({ ...address.options, maxRetriesPerRequest: this.#retries, retryStrategy: retryDelayMs });
    client.on('error', (error: Error) => this.#tell(this.faultOf(error)));
    client.on('close', () => (this.#problem = this.#unreachable('the connection was closed')));
    client.on('ready', () => void this.#look(client));
    client.on('connect', () => (this.#greetedAt = performance.now()));
    this.#watch = setInterval(() => {
      if (client.status === 'ready') void this.#look(client);
      else if (client.status === 'connect') this.#giveUpHandshake(client);
    }, LOOK_EVERY_MS).unref();
    this.#client = client;
    return client;
  }

  /**
   * Resolves when it is connected, to the database of its address, and this Redis will do. Faults: `REDIS_UNREACHABLE`,
   * `REDIS_REFUSES`, `REDIS_EVICTS`, `VARIABLE_INVALID`.
   */
  async connected(timeoutMs: number): Promise<RedisClient> {
    const client = await this.client();
    await this.#ready(client, timeoutMs);
    const problem = await this.#look(client);
    if (problem !== undefined) throw problem;
    return client;
  }

  async #ready(client: RedisClient, timeoutMs: number): Promise<void> {
    if (client.status === 'ready') return;
    let fault = this.#unreachable('no answer');
    await new Promise<void>((resolve, reject) => {
      const onReady = (): void => settle(resolve);
      const giveUp = (): void => settle(() => reject(fault));
      const onError = (error: Error): void => {
        fault = this.faultOf(error);
        // What is wrong for good is not waited out.
        if (!fault.retryable) giveUp();
      };
      const timer = setTimeout(giveUp, timeoutMs);
      function settle(end: () => void): void {
        clearTimeout(timer);
        client.off('ready', onReady);
        client.off('error', onError);
        client.off('end', giveUp);
        end();
      }
      client.once('ready', onReady);
      client.on('error', onError);
      // It was closed meanwhile.
      client.once('end', giveUp);
    });
  }

  /**
   * To be told of what others met over this link or a copy of it. While commands are refused Redis is not connected, until a
   * look finds nothing wrong and none was refused since the look before.
   */
  complain(error: Error): void {
    const fault = isFault(error) ? error : isReply(error) ? this.faultOf(error) : undefined;
    if (fault === undefined) {
      if (this.isConnected) this.#onError(error);
      return;
    }
    if (fault !== error) this.#problem = this.#refusal = fault;
    this.#tell(fault);
  }

  /** What is wrong with this Redis now. Looks that are asked for at the same time are one. */
  #look(client: RedisClient): Promise<Fault | undefined> {
    this.#looking ??= this.#lookOnce(client).finally(() => (this.#looking = undefined));
    return this.#looking;
  }

  async #lookOnce(client: RedisClient): Promise<Fault | undefined> {
    const over = new AbortController();
    const { signal } = over;
    const problem = await Promise.race([
      this.#examine(client),
      once(client, 'close', { signal }).then(() => this.#unreachable('the connection was closed')),
      sleep(ANSWER_MS, undefined, { ref: false, signal }).then(() => this.#silence(client, signal)),
    ]).catch((error: Error) => (isFault(error) ? error : this.faultOf(error)));
    over.abort();
    this.#problem = problem ?? this.#refusal;
    this.#refusal = undefined;
    if (this.#problem === undefined) this.#told.clear();
    else this.#tell(this.#problem);
    return this.#problem;
  }

  /** The client has a deadline for the connection and none for what Redis says first: it would wait for as long as the network likes. */
  #giveUpHandshake(client: RedisClient): void {
    if (performance.now() - this.#greetedAt > ANSWER_MS + GRACE_MS) client.disconnect(true);
  }

  /** A connection over which nothing comes may be dead without anybody knowing. */
  async #silence(client: RedisClient, signal: AbortSignal): Promise<Fault> {
    await sleep(GRACE_MS, undefined, { ref: false, signal });
    client.disconnect(true);
    return this.#unreachable(`no answer within ${ANSWER_MS} ms`);
  }

  async #examine(client: RedisClient): Promise<Fault | undefined> {
    await this.#selectDatabase(client);
    const [policy] = await Promise.all([
      evictionPolicy(client),
      client.eval(TRY_TO_WRITE, 1, `{${this.prefix}}:look`),
    ]);
    if (policy === undefined || policy === 'noeviction') return undefined;
    return new Fault(
      'REDIS_EVICTS',
      `Redis at ${this.place} has maxmemory-policy ${policy}: it would throw away what it holds; set it to noeviction.`,
    );
  }

  /** A client whose database is not there goes on with the first one, which may be somebody else's. */
  async #selectDatabase(client: RedisClient): Promise<void> {
    const address = this.#address;
    if (address.kind === 'cluster' || !address.options.db) return;
    const { db } = address.options;
    await client.select(db).catch((error: Error) => {
      if (!isReply(error)) throw error;
      throw new Fault(
        'VARIABLE_INVALID',
        `DROVER_REDIS_URL names database ${db}, which Redis at ${this.place} does not have: ${error.message}.`,
      );
    });
  }

  close(): void {
    this.#isClosed = true;
    clearInterval(this.#watch);
    this.#client?.disconnect();
  }

  /** Hosts and ports: nothing that is secret. */
  get place(): string {
    const address = this.#address;
    const places =
      address.kind === 'cluster'
        ? (address.nodes as { host: string; port: number }[])
        : (address.options.sentinels ?? [{ host: address.options.host, port: address.options.port }]);
    return places.map(({ host, port }) => `${host}:${port}`).join(', ');
  }

  #tell(fault: Fault): void {
    const kind = fault.code === 'REDIS_REFUSES' ? replyKind(fault.cause as Error) : fault.code;
    if (this.#told.has(kind) || this.#isClosed) return;
    this.#told.add(kind);
    this.#onError(fault);
  }

  /** What an error of the client comes to. */
  faultOf(error: Error): Fault {
    // A cluster says no more than that none of its nodes would do.
    const cause = (error as { lastNodeError?: Error }).lastNodeError ?? error;
    if (SIGN_IN.test(cause.message)) {
      return new Fault(
        'VARIABLE_INVALID',
        sentence(
          `DROVER_REDIS_URL lacks the user and password that Redis at ${this.place} wants`,
          cause.message,
        ),
      );
    }
    if (!isReply(cause)) return this.#unreachable(cause.message || 'no answer');
    return new Fault('REDIS_REFUSES', sentence(`Redis at ${this.place} refuses commands`, cause.message), {
      cause,
    });
  }

  #unreachable(reason: string): Fault {
    return new Fault('REDIS_UNREACHABLE', sentence(`Redis at ${this.place} does not answer`, reason));
  }
}

/** Redis ends some of its sentences, and not others. */
function sentence(what: string, reason: string): string {
  return `${what}: ${reason.replace(/\.$/, '')}.`;
}

/** Redis is there and says no. */
function isReply(error: Error): boolean {
  return error.name === 'ReplyError';
}

/** The first word, such as `NOPERM` or `READONLY`; the rest names commands and keys. */
function replyKind({ message }: Error): string {
  return message.split(' ', 1)[0]!;
}

/** Hosted services often refuse CONFIG; what INFO says there is the same. */
async function evictionPolicy(client: RedisClient): Promise<string | undefined> {
  const said = (await client.info('memory')) as string;
  return /^maxmemory_policy:(\S+)/m.exec(said)?.[1];
}
