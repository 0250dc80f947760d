import { resolve } from 'node:path';
import { endOfRetention, forgetAll, MAX_RETENTION_DAYS } from '@drover/engine';
import type {
  BackupReport,
  CopyReport,
  CopyRequest,
  DatabaseRequests,
  ForgetReport,
  MigrationReport,
  TableCopy,
} from '@drover/engine';
import { Fault } from '@drover/model';
import { type Database, migrate, migrationStates } from '@drover/store';
import {
  type DatabasePlace,
  identityOf,
  nameOfPlace,
  openPlace,
  placeOfArgument,
  placeOfSettings,
  reaching,
  requireDatabase,
} from '../composition/database-place.js';
import type { Parts } from '../composition/parts.js';
import { isKnownDead } from '../composition/process-identity.js';
import { isUrl } from '../environment/is-url.js';

/** The databases themselves, each opened for one request. */
export class EmbeddedDatabases implements DatabaseRequests {
  readonly #parts: Parts;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  async migrate({ dryRun = false }: { dryRun?: boolean } = {}): Promise<MigrationReport> {
    const place = placeOfSettings(this.#parts.surroundings);
    const database = await openPlace(place);
    try {
      return await reaching(place, async () => {
        const applied = dryRun ? [] : await migrate(database);
        return { database: nameOfPlace(place), migrations: await migrationStates(database), applied };
      });
    } finally {
      await database.close();
    }
  }

  async copy(
    request: CopyRequest,
    { onTable }: { onTable?(copied: TableCopy): void } = {},
  ): Promise<CopyReport> {
    const from = await this.#place(request.from, '/from');
    const to = await this.#place(request.to, '/to');
    await requireDatabase(from);
    const { copyDatabase } = await import('../composition/copy-part.js');
    const opened: Database[] = [];
    try {
      const source = await openPlace(from);
      opened.push(source);
      await reaching(from, () => requireSchema(from, source));
      await reaching(from, () => migrate(source));
      const target = await openPlace(to);
      opened.push(target);
      const identity = await reaching(from, () => identityOf(from, source));
      if (identity === (await reaching(to, () => identityOf(to, target)))) throw sameEnds(from, to);
      await reaching(to, () => migrate(target));
      const now = new Date();
      const copied = () => copyDatabase(source, target, { isDead: isKnownDead, now, onTable });
      const tables = await reaching('url' in to ? to : from, copied);
      const rows = tables.reduce((sum, table) => sum + table.rows, 0);
      return { from: nameOfPlace(from), to: nameOfPlace(to), rows, tables };
    } finally {
      for (const database of opened) await database.close();
    }
  }

  async backUp({ to }: { to: string }): Promise<BackupReport> {
    // Without the text, which may hold a password.
    if (isUrl(to)) {
      throw new Fault(
        'INVALID_ARGUMENT',
        'A backup is a file, and this is a URL; name a path, or copy into a database with drover db copy.',
        { path: '/to' },
      );
    }
    const place = placeOfSettings(this.#parts.surroundings);
    if ('url' in place) {
      throw new Fault(
        'INVALID_ARGUMENT',
        `${nameOfPlace(place)} is a PostgreSQL server; back it up with pg_dump or the tools of whoever runs it.`,
      );
    }
    await requireDatabase(place);
    const { backUpSqlite } = await import('../composition/copy-part.js');
    const database = await openPlace(place);
    try {
      const file = resolve(to);
      return { from: nameOfPlace(place), to: file, bytes: await backUpSqlite(database, file) };
    } finally {
      await database.close();
    }
  }

  async forget({ olderThanDays }: { olderThanDays?: number }): Promise<ForgetReport> {
    const days = olderThanDays ?? this.#parts.surroundings.settings.retentionDays;
    if (days === undefined) {
      throw new Fault(
        'INVALID_ARGUMENT',
        'Say how long things are kept: with --older-than DAYS, or set DROVER_RETENTION_DAYS.',
        { path: '/olderThanDays' },
      );
    }
    if (days > MAX_RETENTION_DAYS) {
      throw new Fault('INVALID_ARGUMENT', `Things are kept for at most ${MAX_RETENTION_DAYS} days.`, {
        path: '/olderThanDays',
      });
    }
    const place = placeOfSettings(this.#parts.surroundings);
    await requireDatabase(place);
    const database = await openPlace(place);
    try {
      return await reaching(place, async () => {
        await migrate(database);
        const { KyselyRetention } = await import('../composition/ledger-part.js');
        const before = endOfRetention(new Date(), days);
        const forgotten = await forgetAll(new KyselyRetention(database), before);
        return { database: nameOfPlace(place), before: before.toISOString(), ...forgotten };
      });
    } finally {
      await database.close();
    }
  }

  #place(argument: string, path: string): Promise<DatabasePlace> {
    return placeOfArgument(argument, { path, environment: this.#parts.surroundings.environment });
  }
}

/** Fault `NOT_FOUND` when nothing of Drover was ever in the database. */
async function requireSchema(place: DatabasePlace, database: Database): Promise<void> {
  const states = await migrationStates(database);
  if (states.some(({ appliedAt }) => appliedAt !== undefined)) return;
  throw new Fault('NOT_FOUND', `${nameOfPlace(place)} is no database of Drover; name the one to copy.`);
}

function sameEnds(from: DatabasePlace, to: DatabasePlace): Fault {
  return new Fault(
    'INVALID_ARGUMENT',
    `${nameOfPlace(from)} and ${nameOfPlace(to)} are the same database; name another target.`,
    { path: '/to' },
  );
}
