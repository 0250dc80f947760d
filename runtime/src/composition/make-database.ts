import { type Database, migrate } from '@drover/store';
import { openPlace, placeOfSettings, reaching } from './database-place.js';
import type { Parts } from './parts.js';
import type { Releases } from './releases.js';

/** Opens the database of the settings and brings it to this version's schema. Fault: `DATABASE_UNREACHABLE`. */
export async function makeDatabase(parts: Parts, releases: Releases): Promise<Database> {
  const place = placeOfSettings(parts.surroundings);
  const database = await openPlace(place);
  try {
    await reaching(place, () => migrate(database));
  } catch (error) {
    await database.close();
    throw error;
  }
  releases.add('the database', () => database.close());
  return database;
}
