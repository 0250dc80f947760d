import type { Forgotten, RetentionStore } from '@drover/engine';
import type { Database } from '../database/database.js';
import { type Chronicle, forgetCommands, forgetEntries, forgetPulls } from './forget-records.js';
import { forgetPasses, removeBelongings } from './forget-runs.js';

const NOTHING: Forgotten = { runs: 0, commands: 0, pulls: 0, values: 0, conflicts: 0 };

/** Forgetting as short transactions. Several processes may forget at the same time: what one has taken, another does not find. */
export class KyselyRetention implements RetentionStore {
  readonly #database: Database;
  /** Where the last page of each ended, while it is gone through. */
  readonly #after: Record<Chronicle, number> = { attribute_history: 0, mirror_conflicts: 0 };

  constructor(database: Database) {
    this.#database = database;
  }

  async forgetSome(before: Date): Promise<Forgotten & { isDone: boolean }> {
    const some = await this.#some(before.getTime());
    return { ...NOTHING, ...some, isDone: some === undefined };
  }

  /** Undefined when nothing is left to forget. */
  async #some(before: number): Promise<Partial<Forgotten> | undefined> {
    const database = this.#database;
    if (await removeBelongings(database)) return NOTHING;
    const { runs, passes } = await forgetPasses(database, before);
    if (passes > 0) return { runs };
    const commands = await forgetCommands(database, before);
    if (commands > 0) return { commands };
    const pulls = await forgetPulls(database, before);
    if (pulls > 0) return { pulls };
    const values = await this.#forgetEntries('attribute_history', before);
    if (values > 0) return { values };
    const conflicts = await this.#forgetEntries('mirror_conflicts', before);
    return conflicts > 0 ? { conflicts } : undefined;
  }

  async #forgetEntries(table: Chronicle, before: number): Promise<number> {
    const { entries, after = 0 } = await forgetEntries(this.#database, table, {
      before,
      after: this.#after[table],
    });
    this.#after[table] = after;
    return entries;
  }
}
