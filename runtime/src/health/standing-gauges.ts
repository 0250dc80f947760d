import { Gauge, type Registry } from 'prom-client';
import { VERSION } from '../version.js';
import type { Standing } from './standing.js';

const MS_PER_SECOND = 1_000;

/**
 * What holds for the whole installation, so that every process says the same of it. While the database cannot be used,
 * what only it knows is left out.
 */
export class StandingGauges {
  readonly #ofDatabase: Gauge[] = [];
  readonly #connected: Gauge;
  readonly #connectionsDown: Gauge;
  readonly #database: Gauge;
  readonly #diskBytes: Gauge;
  readonly #diskFree: Gauge;
  readonly #due: Gauge;
  readonly #dueAge: Gauge;
  readonly #inHand: Gauge;
  readonly #workers: Gauge;
  readonly #schedulers: Gauge;
  readonly #openRuns: Gauge;
  readonly #pending: Gauge;
  readonly #unknown: Gauge;
  readonly #quarantined: Gauge;
  readonly #databaseBytes: Gauge;

  constructor(registry: Registry) {
    const gauge = (name: string, help: string, ...labelNames: string[]): Gauge =>
      new Gauge({ name, help, labelNames, registers: [registry] });
    const ofDatabase = (...spec: [name: string, help: string, ...labelNames: string[]]): Gauge => {
      const made = gauge(...spec);
      this.#ofDatabase.push(made);
      return made;
    };
    this.#connected = gauge('drover_queue_connected', '1 while rings reach other processes.', 'kind');
    this.#connectionsDown = gauge('drover_connections_down', 'Connections whose vendor seems down.');
    this.#database = gauge('drover_database_connected', '1 while the database can be used.');
    this.#diskBytes = gauge('drover_disk_bytes', 'Size of the disk that the data folder is on.');
    this.#diskFree = gauge('drover_disk_free_bytes', 'Free space for Drover on that disk.');
    this.#due = ofDatabase('drover_queue_depth', 'Tasks, runs and pulls that are due and held by nobody.');
    this.#dueAge = ofDatabase('drover_queue_oldest_seconds', 'Age of the oldest due work.');
    this.#inHand = ofDatabase('drover_work_in_hand', 'Tasks and pulls held by workers.');
    this.#workers = ofDatabase('drover_workers', 'Processes that execute.');
    this.#schedulers = ofDatabase('drover_schedulers', '1 while a process fires what is due.');
    this.#openRuns = ofDatabase('drover_runs_open', 'Runs that have not ended.', 'status');
    this.#pending = ofDatabase('drover_pending_objects', 'Objects that vendors have not finished.');
    this.#unknown = ofDatabase('drover_unknown_objects', 'Unknown outcomes that nobody has resolved.');
    this.#quarantined = ofDatabase('drover_quarantined_objects', 'Objects that are kept back.');
    this.#databaseBytes = ofDatabase('drover_database_bytes', 'What the database takes on its disk.');
    gauge('drover_build_info', 'Always 1; the label has the running version.', 'version').set(
      { version: VERSION },
      1,
    );
  }

  set({ queueKind, queueConnected, connectionsDown, disk, database }: Standing, now: Date): void {
    this.#connected.set({ kind: queueKind }, queueConnected ? 1 : 0);
    if (connectionsDown === undefined) leaveOut(this.#connectionsDown);
    else this.#connectionsDown.set(connectionsDown);
    this.#database.set(database === undefined ? 0 : 1);
    if (disk === undefined) leaveOut(this.#diskBytes, this.#diskFree);
    else {
      this.#diskBytes.set(disk.bytes);
      this.#diskFree.set(disk.freeBytes);
    }
    if (database === undefined) leaveOut(...this.#ofDatabase);
    else this.#setDatabase(database, now);
  }

  #setDatabase({ due, held, workers, schedulers, census }: NonNullable<Standing['database']>, now: Date) {
    const waitedMs = due.since === undefined ? 0 : Math.max(0, now.getTime() - due.since.getTime());
    this.#due.set(due.count);
    this.#dueAge.set(waitedMs / MS_PER_SECOND);
    this.#inHand.set(held.length);
    this.#workers.set(workers);
    this.#schedulers.set(schedulers);
    for (const [status, runs] of Object.entries(census.openRuns)) this.#openRuns.set({ status }, runs);
    this.#pending.set(census.pending);
    this.#unknown.set(census.unknown);
    this.#quarantined.set(census.quarantined);
    this.#databaseBytes.set(census.databaseBytes);
  }
}

/** Until they are set again. A reset gauge without labels would say 0. */
function leaveOut(...gauges: Gauge[]): void {
  for (const gauge of gauges) {
    gauge.reset();
    gauge.remove({});
  }
}
