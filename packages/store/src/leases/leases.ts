import type { HeldLease, Leases, NamedLease } from '@drover/engine';
import { sql } from 'kysely';
import type { Database } from '../database/database.js';

/** Leases as rows, taken by a conditional upsert: one statement decides. */
export class KyselyLeases implements Leases {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  async take(
    name: string,
    owner: string,
    { ttlMs, now, data = {} }: { ttlMs: number; now: Date; data?: Record<string, unknown> },
  ): Promise<HeldLease | undefined> {
    const row = { name, owner, token: 1, until: now.getTime() + ttlMs, data: JSON.stringify(data) };
    const taken = await this.#database.kysely
      .insertInto('leases')
      .values(row)
      .onConflict((conflict) =>
        conflict
          .column('name')
          .doUpdateSet({
            owner,
            until: row.until,
            data: row.data,
            token: sql<number>`case when leases.owner = ${owner} then leases.token else leases.token + 1 end`,
          })
          .where(({ or, eb }) =>
            or([eb('leases.owner', '=', owner), eb('leases.until', '<', now.getTime())]),
          ),
      )
      .returningAll()
      .executeTakeFirst();
    return taken === undefined ? undefined : toLease(taken);
  }

  async wrest(name: string, from: { owner: string; token: number }): Promise<boolean> {
    const changed = await this.#database.kysely
      .updateTable('leases')
      .set({ until: 0 })
      .where('name', '=', name)
      .where('owner', '=', from.owner)
      .where('token', '=', from.token)
      .executeTakeFirst();
    return changed.numUpdatedRows > 0n;
  }

  async release(name: string, owner: string): Promise<void> {
    await this.#database.kysely
      .updateTable('leases')
      .set({ until: 0 })
      .where('name', '=', name)
      .where('owner', '=', owner)
      .execute();
  }

  async read(name: string): Promise<HeldLease | undefined> {
    const row = await this.#database.kysely
      .selectFrom('leases')
      .selectAll()
      .where('name', '=', name)
      .executeTakeFirst();
    return row === undefined ? undefined : toLease(row);
  }

  async list(prefix: string): Promise<NamedLease[]> {
    const rows = await this.#database.kysely
      .selectFrom('leases')
      .selectAll()
      .where(sql<string>`substr(name, 1, ${sql.lit(prefix.length)})`, '=', prefix)
      .orderBy('name')
      .execute();
    return rows.map((row) => ({ name: row.name, ...toLease(row) }));
  }

  async forget({ name, owner, token }: Pick<NamedLease, 'name' | 'owner' | 'token'>): Promise<void> {
    await this.#database.kysely
      .deleteFrom('leases')
      .where('name', '=', name)
      .where('owner', '=', owner)
      .where('token', '=', token)
      .execute();
  }
}

function toLease(row: { owner: string; token: number; until: number; data: string }): HeldLease {
  return {
    owner: row.owner,
    token: row.token,
    until: new Date(row.until),
    data: JSON.parse(row.data) as Record<string, unknown>,
  };
}
