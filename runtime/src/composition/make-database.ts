import { type Database, migrate } from '@drover/store';
import { openPlace, placeOfSettings, reaching } from './database-place.js';
import type { Parts } from './parts.js';
import type { Releases } from './releases.js';

/** Opens the database of the settings and brings it to this version's schema. Fault: `DATABASE_UNREACHABLE`. */
export async function makeDatabase(parts: Parts, releases: Releases): Promise<Database> {
  const place = placeOfSettings(parts.surroundings);
  const database = await openPlace(place);
  releases.add(() => database.close());
  await reaching(place, () => migrate(database));
  return database;
}
