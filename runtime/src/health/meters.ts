import type { Figures, RunLedger, Settlement } from '@drover/engine';
import type { EndedRunStatus } from '@drover/model';
import { Counter, Gauge, Registry, collectDefaultMetrics } from 'prom-client';

const MS_PER_SECOND = 1_000;

/** How the whole installation stands, looked at when somebody asks. */
export interface Standing {
  due: number;
  /** Age of the oldest due work in seconds; 0 when there is none. */
  dueSeconds: number;
  inHand: number;
  queueConnected: boolean;
  connectionsDown: number;
}

/** What this process counts of its own work since its start, in the text format of Prometheus. */
export class Meters {
  readonly #registry = new Registry();
  readonly #runs = this.#counter('drover_runs_ended_total', 'Runs ended by this process.', 'status');
  readonly #batches = this.#counter('drover_batches_total', 'Batches and polls settled by this process.');
  readonly #outcomes = this.#counter('drover_outcomes_total', 'Outcomes settled by this process.', 'outcome');
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
  readonly #vendorsDown = this.#gauge(
    'drover_connections_down',
    'Connections whose vendor seems down, as all workers see it.',
  );
  readonly #due = this.#gauge('drover_queue_depth', 'Tasks, runs and pulls that are due and held by nobody.');
  readonly #dueAge = this.#gauge('drover_queue_oldest_seconds', 'Age of the oldest due work.');
  readonly #inHand = this.#gauge('drover_work_in_hand', 'Tasks and pulls held by workers.');
  readonly #connected = this.#gauge('drover_queue_connected', '1 while rings reach other processes.');

  constructor() {
    collectDefaultMetrics({ register: this.#registry });
  }

  get contentType(): string {
    return this.#registry.contentType;
  }

  async text(standing: Standing): Promise<string> {
    this.#due.set(standing.due);
    this.#dueAge.set(standing.dueSeconds);
    this.#inHand.set(standing.inHand);
    this.#connected.set(standing.queueConnected ? 1 : 0);
    this.#vendorsDown.set(standing.connectionsDown);
    return this.#registry.metrics();
  }

  /** A circuit was opened, or closed. */
  circuitChanged(isDown: boolean): void {
    (isDown ? this.#outages : this.#recoveries).inc();
  }

  /** The ledger, with what goes through it counted. */
  over(ledger: RunLedger): RunLedger {
    const counted: Partial<RunLedger> = {
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
    };
    return new Proxy(ledger, {
      get(target, name): unknown {
        const own: unknown = Reflect.get(counted, name);
        if (own !== undefined) return own;
        const member: unknown = Reflect.get(target, name);
        return typeof member === 'function' ? (member.bind(target) as unknown) : member;
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

  #counter(name: string, help: string, ...labelNames: string[]): Counter {
    return new Counter({ name, help, labelNames, registers: [this.#registry] });
  }

  #gauge(name: string, help: string): Gauge {
    return new Gauge({ name, help, registers: [this.#registry] });
  }
}
