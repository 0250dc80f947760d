import type {
  CircuitState,
  Grant,
  LimitNews,
  LimitStore,
  LimitTake,
  LimitVerdict,
  Refused,
} from '@drover/engine';
import { sql } from 'kysely';
import type { Database } from '../database/database.js';

interface TakeRow {
  granted: boolean;
  wait_ms: number | null;
  because: Refused['because'];
  era: number;
  owes: boolean;
  is_probe: boolean;
}

interface ReportRow {
  back_off_ms: number | null;
  down_ms: number | null;
  is_back: boolean;
}

/**
 * Budgets and circuits that all workers over one database share, for a database that keeps functions (`traits.functions`). Each
 * operation is one statement, and no commit of it waits for the disk: after a crash of the server the tables are empty.
 */
export class PostgresLimitStore implements LimitStore {
  readonly epoch = 0;
  readonly #database: Database;
  readonly #now: (() => number) | undefined;

  /** @param now milliseconds since 1970 in the place of the server's own clock, so that tests need not wait */
  constructor(database: Database, now?: () => number) {
    this.#database = database;
    this.#now = now;
  }

  async take(request: LimitTake): Promise<Grant> {
    const { connectionId, rateGroup, windows, evenIfDown, probeMs, wary } = request;
    const grants = windows.map((window) => window.grants);
    const spans = windows.map(({ inMs }) => inMs);
    const { rows } = await sql<TakeRow>`select * from drover_limit_take(
      ${connectionId}, ${rateGroup}, ${this.#time()}, ${evenIfDown}, ${probeMs}, ${wary}, ${grants}, ${spans}
    )`.execute(this.#database.kysely);
    const { granted, wait_ms: waitMs, because, era, owes, is_probe: isProbe } = rows[0]!;
    return granted
      ? { granted, era, owes, isProbe }
      : { granted, retryAfterMs: Math.ceil(waitMs ?? 0), because };
  }

  async report(news: LimitNews): Promise<LimitVerdict> {
    const { connectionId, rateGroup, era, isProbe, vendor, closeMs, backOff, circuit } = news;
    const { failures, overMs, forgetAfterMs, firstMs, longestMs, stretch } = circuit;
    const waits = backOff === undefined ? null : [backOff.firstMs, backOff.longestMs, backOff.stretch];
    const rule = [failures, overMs, forgetAfterMs, firstMs, longestMs, stretch];
    const { rows } = await sql<ReportRow>`select * from drover_limit_report(
      ${connectionId}, ${rateGroup}, ${this.#time()}, ${era}, ${isProbe}, ${vendor}, ${closeMs ?? null}, ${waits}, ${rule}
    )`.execute(this.#database.kysely);
    const { back_off_ms: backOffMs, down_ms: downMs, is_back: isBack } = rows[0]!;
    return {
      ...(backOffMs === null ? {} : { backOffMs }),
      ...(downMs === null ? {} : { downMs }),
      ...(isBack ? { isBack } : {}),
    };
  }

  async down(): Promise<CircuitState[]> {
    const now = sql<number>`coalesce(${this.#time()}::double precision, extract(epoch from clock_timestamp()) * 1000)`;
    const rows = await this.#database.kysely
      .selectFrom('circuits')
      .select(['connection_id', sql<number>`greatest(0, ceil(open_until - ${now}))`.as('probe_in_ms')])
      .where('level', '>', 0)
      .orderBy('connection_id')
      .execute();
    return rows.map((row) => ({ connectionId: row.connection_id, probeInMs: row.probe_in_ms }));
  }

  #time(): number | null {
    return this.#now?.() ?? null;
  }
}
