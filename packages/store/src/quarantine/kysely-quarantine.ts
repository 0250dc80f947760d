import type { LogLine, Quarantine, QuarantineEntry } from '@drover/engine';
import type { FaultRecord, Page, PageRequest } from '@drover/model';
import type { Selectable } from 'kysely';
import type { Database } from '../database/database.js';
import type { Tables } from '../database/tables.js';
import { pageLimit } from '../objects/page-cursor.js';

type Row = Selectable<Tables['quarantine']> &
  Pick<Selectable<Tables['objects']>, 'type' | 'subtype' | 'value'> & { object_id: string };

/** The quarantine as rows. Entries of objects that were removed are not shown. */
export class KyselyQuarantine implements Quarantine {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  async list(request: PageRequest & { pluginId?: string }): Promise<Page<QuarantineEntry>> {
    const limit = pageLimit(request);
    let query = this.#entries().limit(limit + 1);
    if (request.pluginId !== undefined) query = query.where('plugin_id', '=', request.pluginId);
    if (request.cursor !== undefined) query = query.where('quarantine.id', '<', request.cursor);
    const rows = await query.execute();
    const data = rows.slice(0, limit).map(toEntry);
    return rows.length > limit ? { data, nextCursor: data.at(-1)!.id } : { data };
  }

  async find(ref: string): Promise<QuarantineEntry | undefined> {
    const row = await this.#entries()
      .where(({ or, eb }) =>
        or([eb('quarantine.id', '=', ref), eb('objects.id', '=', ref), eb('objects.value', '=', ref)]),
      )
      .limit(1)
      .executeTakeFirst();
    return row === undefined ? undefined : toEntry(row);
  }

  async redrive(ids: readonly string[]): Promise<number> {
    if (ids.length === 0) return 0;
    const deleted = await this.#database.kysely
      .deleteFrom('quarantine')
      .where('id', 'in', ids)
      .executeTakeFirst();
    return Number(deleted.numDeletedRows);
  }

  #entries() {
    return this.#database.kysely
      .selectFrom('quarantine')
      .innerJoin('objects', 'objects.seq', 'quarantine.object_seq')
      .selectAll('quarantine')
      .select(['objects.id as object_id', 'objects.type', 'objects.subtype', 'objects.value'])
      .orderBy('quarantine.id', 'desc');
  }
}

function toEntry(row: Row): QuarantineEntry {
  const { object_id: id, type, subtype, value } = row;
  return {
    id: row.id,
    pluginId: row.plugin_id,
    version: row.version,
    bundleDigest: row.bundle_digest,
    object: { id, type, ...(subtype === '' ? {} : { subtype }), value },
    revision: row.revision,
    runId: row.run_id,
    fault: JSON.parse(row.fault) as FaultRecord,
    attempts: row.attempts,
    log: JSON.parse(row.log) as LogLine[],
    at: new Date(row.at).toISOString(),
  };
}
