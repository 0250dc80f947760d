import type {
  Connection,
  ConnectionInput,
  ConnectionVault,
  SecretCipher,
  TransportSettings,
} from '@drover/engine';
import { type ConnectionId, Fault, isId, newId, OPEN_RUN_STATUSES } from '@drover/model';
import type { Kysely, Selectable } from 'kysely';
import type { Database } from '../database/database.js';
import type { Tables } from '../database/tables.js';
import { outdateTokens, removeTokens } from './access-token-rows.js';
import { checkConcurrency, checkName, completeTransport, normalizeSettings } from './check-connection.js';
import {
  checkSecret,
  type HeldSecrets,
  openSecrets,
  resolveSecrets,
  sealSecrets,
  type SecretInputs,
} from './held-secrets.js';
import type { SecretSources } from './secret-sources.js';

type Row = Selectable<Tables['connections']>;
type Changes = Parameters<ConnectionVault['update']>[1];

/** Connections in the database. Beside `SecretSources`, a clock may be given; milliseconds since 1970. */
export type VaultSources = SecretSources & { now?: () => number };

/**
 * Keeps connections; their secrets are encrypted under the connection's id, references to variables and files included,
 * and references are read anew each time. Listing needs no key. Settings are changed field by field.
 */
export class KyselyConnectionVault implements ConnectionVault {
  readonly #database: Database;
  readonly #cipher: SecretCipher;
  readonly #sources: SecretSources;
  readonly #now: () => number;

  constructor(database: Database, cipher: SecretCipher, { now = Date.now, ...sources }: VaultSources) {
    this.#database = database;
    this.#cipher = cipher;
    this.#sources = sources;
    this.#now = now;
  }

  /**
   * Faults: `CONNECTION_EXISTS`, `INVALID_ARGUMENT` (the name, the concurrency), `BASE_URL_INVALID`, `BASE_URL_INSECURE`, `PROXY_INVALID`,
   * `SECRET_TOO_SHORT`.
   */
  async create(input: ConnectionInput): Promise<Connection> {
    checkName(input.name);
    const id = newId('connection');
    const nowMs = this.#now();
    const row: Row = {
      id,
      name: input.name,
      vendor: input.vendor,
      settings: JSON.stringify(normalizeSettings(input.settings)),
      transport: JSON.stringify(completeTransport(input.transport ?? {})),
      secrets: this.#seal(id, withSecrets({}, input.secrets ?? {})),
      concurrency: checkConcurrency(input.concurrency ?? null),
      created_at: nowMs,
      updated_at: nowMs,
    };
    const inserted = await this.#database.kysely
      .insertInto('connections')
      .values(row)
      .onConflict((conflict) => conflict.column('name').doNothing())
      .returning('id')
      .executeTakeFirst();
    if (inserted !== undefined) return toConnection(row);
    throw new Fault(
      'CONNECTION_EXISTS',
      `There is a connection ${input.name} already; choose another name or update that one.`,
      { path: '/name' },
    );
  }

  /** Faults: `NOT_FOUND` and those of `create`. With changed secrets also `KEY_UNKNOWN` and `SECRET_UNREADABLE`. */
  async update(ref: string, changes: Changes): Promise<Connection> {
    return this.#database.kysely.transaction().execute(async (trx) => {
      const row = await this.#lockedRow(trx, ref);
      const changed: Row = {
        ...row,
        ...(changes.settings === undefined ? {} : { settings: changedSettings(row, changes.settings) }),
        ...(changes.transport === undefined ? {} : { transport: changedTransport(row, changes.transport) }),
        ...(changes.concurrency === undefined ? {} : { concurrency: checkConcurrency(changes.concurrency) }),
        ...(changes.secrets === undefined ? {} : { secrets: this.#changedSecrets(row, changes.secrets) }),
        // Strictly later: those who keep what they read compare this time.
        updated_at: Math.max(this.#now(), row.updated_at + 1),
      };
      await trx.updateTable('connections').set(changed).where('id', '=', row.id).execute();
      await outdateTokens(trx, row.id);
      return toConnection(changed);
    });
  }

  async find(ref: string): Promise<Connection | undefined> {
    const row = await this.#row(this.#database.kysely, ref);
    return row === undefined ? undefined : toConnection(row);
  }

  /** All of them, by name. */
  async list(): Promise<Connection[]> {
    const rows = await this.#database.kysely.selectFrom('connections').selectAll().orderBy('name').execute();
    return rows.map(toConnection);
  }

  /** Faults: `NOT_FOUND`, `CONNECTION_IN_USE`. */
  async remove(ref: string): Promise<void> {
    await this.#database.kysely.transaction().execute(async (trx) => {
      const row = await this.#lockedRow(trx, ref);
      const open = await trx
        .selectFrom('runs')
        .select('id')
        .where('connection_id', '=', row.id)
        .where('status', 'in', [...OPEN_RUN_STATUSES])
        .limit(1)
        .executeTakeFirst();
      if (open !== undefined) {
        throw new Fault(
          'CONNECTION_IN_USE',
          `The run ${open.id} over the connection ${row.name} is still open; cancel it or let it end first.`,
        );
      }
      await trx.deleteFrom('connections').where('id', '=', row.id).execute();
      await removeTokens(trx, row.id);
    });
  }

  /** Faults: `NOT_FOUND`, `KEY_UNKNOWN`, `SECRET_UNREADABLE`, `SECRET_TOO_SHORT` (a reference to a short one). */
  async reveal(id: ConnectionId): Promise<Record<string, string>> {
    const row = await this.#row(this.#database.kysely, id);
    if (row === undefined) throw notFound(id);
    return resolveSecrets(this.#open(row), this.#sources);
  }

  async #row(kysely: Kysely<Tables>, ref: string): Promise<Row | undefined> {
    return kysely.selectFrom('connections').selectAll().where(keyOf(ref), '=', ref).executeTakeFirst();
  }

  async #lockedRow(trx: Kysely<Tables>, ref: string): Promise<Row> {
    const query = trx.selectFrom('connections').selectAll().where(keyOf(ref), '=', ref);
    const row = await (this.#database.traits.rowLocks ? query.forUpdate() : query).executeTakeFirst();
    if (row === undefined) throw notFound(ref);
    return row;
  }

  #changedSecrets(row: Row, changes: NonNullable<Changes['secrets']>): string {
    const { held } = JSON.parse(row.secrets) as HeldSecrets;
    // When nothing is kept the old record need not open: that is the way out of a lost key.
    const isReplaced = Object.keys(held).every((field) => Object.hasOwn(changes, field));
    return this.#seal(row.id, withSecrets(isReplaced ? {} : this.#open(row), changes));
  }

  #open(row: Row): SecretInputs {
    return openSecrets(JSON.parse(row.secrets) as HeldSecrets, row.id, this.#cipher);
  }

  #seal(id: string, inputs: SecretInputs): string {
    return JSON.stringify(sealSecrets(inputs, id, this.#cipher));
  }
}

function keyOf(ref: string): 'id' | 'name' {
  return isId('connection', ref) ? 'id' : 'name';
}

function notFound(ref: string): Fault {
  return new Fault(
    'NOT_FOUND',
    `There is no connection ${ref}; \`drover connection list\` names those that exist.`,
  );
}

function changedSettings(row: Row, changes: Record<string, unknown>): string {
  const settings = JSON.parse(row.settings) as Record<string, unknown>;
  return JSON.stringify(normalizeSettings({ ...settings, ...changes }));
}

function changedTransport(row: Row, changes: Partial<TransportSettings>): string {
  return JSON.stringify(
    completeTransport({ ...(JSON.parse(row.transport) as TransportSettings), ...changes }),
  );
}

function withSecrets(known: SecretInputs, changes: NonNullable<Changes['secrets']>): SecretInputs {
  const all = Object.entries({ ...known, ...changes });
  const set = all.filter((entry): entry is [string, SecretInputs[string]] => entry[1] !== undefined);
  for (const [field, input] of set) if (input !== known[field]) checkSecret(field, input);
  return Object.fromEntries(set);
}

function toConnection(row: Row): Connection {
  return {
    id: row.id as ConnectionId,
    name: row.name,
    vendor: row.vendor,
    settings: JSON.parse(row.settings) as Record<string, unknown>,
    transport: JSON.parse(row.transport) as TransportSettings,
    ...(row.concurrency === null ? {} : { concurrency: row.concurrency }),
    secrets: (JSON.parse(row.secrets) as HeldSecrets).held,
    createdAt: new Date(row.created_at).toISOString(),
    updatedAt: new Date(row.updated_at).toISOString(),
  };
}
