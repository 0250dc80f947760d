import type { FeedLedger, Figures, RunLedger, Settlement } from '@drover/engine';
import { ENDED_RUN_STATUSES, type EndedRunStatus, OUTCOME_STATUSES } from '@drover/model';
import { Counter, Registry, collectDefaultMetrics } from 'prom-client';
import { overlay } from './overlay.js';
import type { Standing } from './standing.js';
import { StandingGauges } from './standing-gauges.js';

const MS_PER_SECOND = 1_000;

/** What this process counts of its own work since its start, in the text format of Prometheus. */
export class Meters {
  readonly #registry = new Registry();
  readonly #runs = this.#counter('drover_runs_ended_total', 'Runs ended by this process.', {
    status: ENDED_RUN_STATUSES,
  });
  readonly #batches = this.#counter('drover_batches_total', 'Batches and polls settled by this process.');
  readonly #outcomes = this.#counter('drover_outcomes_total', 'Outcomes settled by this process.', {
    outcome: OUTCOME_STATUSES,
  });
  readonly #calls = this.#counter('drover_vendor_calls_total', 'Requests sent to vendors.');
  readonly #writes = this.#counter('drover_vendor_writes_total', 'Requests sent to vendors that write.');
  readonly #waited = this.#counter('drover_waited_seconds_total', 'Time waited for rate limits.');
  readonly #outages = this.#counter(
    'drover_vendor_outages_total',
    'Times that this process found a vendor down, or still down.',
  );
  readonly #recoveries = this.#counter(
    'drover_vendor_recoveries_total',
    'Times that this process found a vendor back.',
  );
  readonly #pulls = this.#counter('drover_pulls_ended_total', 'Pulls ended by this process.', {
    status: ENDED_RUN_STATUSES,
  });
  readonly #pulled = this.#counter('drover_pulled_objects_total', 'Objects of pages kept by this process.');
  readonly #standing = new StandingGauges(this.#registry);

  constructor() {
    collectDefaultMetrics({ register: this.#registry });
  }

  get contentType(): string {
    return this.#registry.contentType;
  }

  async text(standing: Standing, now: Date): Promise<string> {
    this.#standing.set(standing, now);
    return this.#registry.metrics();
  }

  /** A circuit was opened, or closed. */
  circuitChanged(isDown: boolean): void {
    (isDown ? this.#outages : this.#recoveries).inc();
  }

  /** The ledger, with what goes through it counted. */
  over(ledger: RunLedger): RunLedger {
    return overlay(ledger, {
      settlePrepare: async (task, prepared, figures, plan) => {
        await ledger.settlePrepare(task, prepared, figures, plan);
        this.#count(figures);
      },
      settleBatch: async (settlement, next) => {
        const claimed = await ledger.settleBatch(settlement, next);
        this.#settled(settlement);
        return claimed;
      },
      postpone: async (task, options) => {
        await ledger.postpone(task, options);
        this.#count(options.figures);
      },
      endRun: async (task, end) => {
        const status = await ledger.endRun(task, end);
        this.#ended(status, end.figures);
        return status;
      },
    });
  }

  /** The ledger of feeds, with what goes through it counted. */
  overFeeds(ledger: FeedLedger): FeedLedger {
    return overlay(ledger, {
      keepPage: async (pull, page, rules) => {
        await ledger.keepPage(pull, page, rules);
        this.#pulled.inc(page.drafts.length);
      },
      pause: async (pull, pause) => {
        await ledger.pause(pull, pause);
        this.#count({ ...pause.figures, vendorWrites: 0 });
      },
      end: async (pull, end) => {
        const status = await ledger.end(pull, end);
        this.#pulls.inc({ status });
        this.#count({ ...end.figures, vendorWrites: 0 });
        return status;
      },
    });
  }

  #settled({ outcomes, figures, partial }: Settlement): void {
    if (partial !== true) this.#batches.inc();
    for (const { status } of outcomes) this.#outcomes.inc({ outcome: status });
    this.#count(figures);
  }

  #ended(status: EndedRunStatus, figures: Figures): void {
    this.#runs.inc({ status });
    this.#count(figures);
  }

  #count({ vendorCalls, vendorWrites, waitedMs }: Figures): void {
    this.#calls.inc(vendorCalls);
    this.#writes.inc(vendorWrites);
    this.#waited.inc(waitedMs / MS_PER_SECOND);
  }

  /**
   * What begins at 1 has not risen in the eyes of Prometheus, and an alert would miss the first of it. So every value of a
   * label begins at 0.
   */
  #counter(name: string, help: string, labels: Record<string, readonly string[]> = {}): Counter {
    const labelNames = Object.keys(labels);
    const counter = new Counter({ name, help, labelNames, registers: [this.#registry] });
    for (const [label, values] of Object.entries(labels)) {
      for (const value of values) counter.inc({ [label]: value }, 0);
    }
    return counter;
  }
}
