import type {
  CommandEnd,
  CommandLedger,
  CommandListFilter,
  NewCommandRun,
  OpenCommand,
} from '@drover/engine';
import {
  type CommandRun,
  type CommandRunId,
  type CommandStatus,
  type ConnectionId,
  Fault,
  type FaultRecord,
  type Page,
  type PageRequest,
  type RunMode,
  type Trigger,
} from '@drover/model';
import type { Compilable, Kysely, Selectable, Updateable } from 'kysely';
import { type Database, storableText } from '../database/database.js';
import { RoundTrip } from '../database/round-trip.js';
import type { Tables } from '../database/tables.js';
import { pageLimit } from '../objects/page-cursor.js';

type Row = Selectable<Tables['command_runs']>;

/** The record of commands as rows; what must outlive the machine goes in by a synchronous commit. */
export class KyselyCommandLedger implements CommandLedger {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  async begin(run: NewCommandRun): Promise<void> {
    const row = {
      id: run.id,
      plugin_id: run.pluginId,
      action_id: run.actionId,
      version: run.version,
      connection_id: run.connectionId,
      mode: run.mode,
      trigger: run.trigger,
      status: 'running',
      input: JSON.stringify(run.input),
      config: JSON.stringify(run.config),
      owner: JSON.stringify(run.owner),
      lease_until: run.leaseUntil.getTime(),
      sent_call: null,
      fault: null,
      vendor_calls: 0,
      vendor_writes: 0,
      waited_ms: 0,
      output_bytes: null,
      output_digest: null,
      started_at: run.startedAt.getTime(),
      ended_at: null,
    };
    await this.#durably((db) => db.insertInto('command_runs').values(row));
  }

  async prolong(id: CommandRunId, until: Date): Promise<void> {
    await this.#database.kysely
      .updateTable('command_runs')
      .set({ lease_until: until.getTime() })
      .where('id', '=', id)
      .where('status', '=', 'running')
      .execute();
  }

  async leaving(id: CommandRunId, call: string): Promise<void> {
    const open = await this.#durably((db) =>
      db
        .updateTable('command_runs')
        .set({ sent_call: call })
        .where('id', '=', id)
        .where('status', '=', 'running')
        .returning('id'),
    );
    if (open.length > 0) return;
    throw new Fault('LEASE_LOST', `The command ${id} was closed as interrupted, so ${call} was not sent.`);
  }

  async end(id: CommandRunId, end: CommandEnd): Promise<void> {
    await this.#durably((db) => db.updateTable('command_runs').set(endOf(end)).where('id', '=', id));
  }

  async close(open: OpenCommand, end: CommandEnd): Promise<boolean> {
    const { numUpdatedRows } = await this.#database.kysely
      .updateTable('command_runs')
      .set(endOf(end))
      .where('id', '=', open.id)
      .where('status', '=', 'running')
      .where('lease_until', '=', open.leaseUntil.getTime())
      .where((eb) =>
        open.sentCall === undefined ? eb('sent_call', 'is', null) : eb('sent_call', '=', open.sentCall),
      )
      .executeTakeFirst();
    return numUpdatedRows > 0n;
  }

  async open(): Promise<OpenCommand[]> {
    const rows = await this.#database.kysely
      .selectFrom('command_runs')
      .select(['id', 'owner', 'lease_until', 'sent_call'])
      .where('status', '=', 'running')
      .orderBy('id')
      .execute();
    return rows.map((row) => ({
      id: row.id as CommandRunId,
      owner: JSON.parse(row.owner) as Record<string, unknown>,
      leaseUntil: new Date(row.lease_until),
      ...(row.sent_call === null ? {} : { sentCall: row.sent_call }),
    }));
  }

  async find(id: string): Promise<CommandRun | undefined> {
    const row = await this.#database.kysely
      .selectFrom('command_runs')
      .selectAll()
      .where('id', '=', storableText(id))
      .executeTakeFirst();
    return row === undefined ? undefined : toCommandRun(row);
  }

  async list(request: PageRequest & CommandListFilter): Promise<Page<CommandRun>> {
    const limit = pageLimit(request);
    let query = this.#database.kysely
      .selectFrom('command_runs')
      .selectAll()
      .orderBy('id', 'desc')
      .limit(limit + 1);
    if (request.status !== undefined) query = query.where('status', '=', request.status);
    if (request.pluginId !== undefined) query = query.where('plugin_id', '=', request.pluginId);
    if (request.cursor !== undefined) query = query.where('id', '<', storableText(request.cursor));
    const rows = await query.execute();
    const data = rows.slice(0, limit).map(toCommandRun);
    return rows.length > limit ? { data, nextCursor: data.at(-1)!.id } : { data };
  }

  /** The rows that the statement returns. */
  async #durably<Row>(statement: (db: Kysely<Tables>) => Compilable<Row>): Promise<Row[]> {
    const { kysely, traits } = this.#database;
    const trip = new RoundTrip(kysely);
    const answer = trip.ask(statement(kysely).compile());
    await trip.makeDurably(traits);
    return answer.rows;
  }
}

function endOf(end: CommandEnd): Updateable<Tables['command_runs']> {
  return {
    status: end.status,
    fault: end.fault === undefined ? null : JSON.stringify(end.fault),
    vendor_calls: end.vendorCalls ?? 0,
    vendor_writes: end.vendorWrites ?? 0,
    waited_ms: end.waitedMs ?? 0,
    output_bytes: end.output?.bytes ?? null,
    output_digest: end.output?.digest ?? null,
    ended_at: end.at.getTime(),
  };
}

function toCommandRun(row: Row): CommandRun {
  return {
    id: row.id as CommandRunId,
    pluginId: row.plugin_id,
    actionId: row.action_id,
    version: row.version,
    connectionId: row.connection_id as ConnectionId,
    mode: row.mode as RunMode,
    trigger: row.trigger as Trigger,
    status: row.status as CommandStatus,
    input: JSON.parse(row.input) as Record<string, unknown>,
    config: JSON.parse(row.config) as Record<string, unknown>,
    ...(row.sent_call === null ? {} : { sentCall: row.sent_call }),
    ...(row.fault === null ? {} : { fault: JSON.parse(row.fault) as FaultRecord }),
    vendorCalls: row.vendor_calls,
    vendorWrites: row.vendor_writes,
    waitedMs: row.waited_ms,
    ...(row.output_bytes === null ? {} : { output: { bytes: row.output_bytes, digest: row.output_digest! } }),
    startedAt: new Date(row.started_at).toISOString(),
    ...(row.ended_at === null ? {} : { endedAt: new Date(row.ended_at).toISOString() }),
  };
}
