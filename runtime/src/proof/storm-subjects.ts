import { actionRun, entriesOf, hashesOf, LIST_CONFIG, PROFILE_CONFIG } from './netskope-subjects.js';
import type { Subject } from './subject.js';

export interface StormSubject extends Subject {
  /** The action by its text id. */
  action: string;
  /** How many of its requests are struck, from 0 to 1. */
  share: number;
  /** Seeds of the storms, each with a tenant and a pass of its own. */
  seeds: readonly number[];
}

const EVERYTHING = ['--objects-per-run', '100000', '--until-done'];

/** Every action that writes to a vendor, or reads from one, has a line here. */
export const STORM_SUBJECTS: readonly StormSubject[] = [
  {
    // One request for each object: few of the many are struck, since every limit stops all of them for a second.
    action: 'netskope.create-user-confidence-index-impact',
    share: 0.01,
    seeds: [1],
    collection: 'users',
    goOn: actionRun('create-user-confidence-index-impact', 'users', ...EVERYTHING),
    mayRepeat: false,
    heldIn: ({ impacts }) => impacts.map(({ user }) => user),
  },
  {
    action: 'netskope.manage-url-list',
    share: 0.2,
    seeds: [1],
    collection: 'hosts',
    goOn: actionRun('manage-url-list', 'hosts', ...LIST_CONFIG, ...EVERYTHING),
    mayRepeat: true,
    heldIn: entriesOf,
  },
  {
    // One request for all objects: several storms.
    action: 'netskope.export-file-profile-hashes',
    share: 0.6,
    seeds: [1, 2, 3, 4, 5, 6],
    collection: 'hashes',
    goOn: actionRun('export-file-profile-hashes', 'hashes', ...PROFILE_CONFIG, ...EVERYTHING),
    mayRepeat: true,
    heldIn: hashesOf,
  },
  {
    action: 'netskope.fetch-user-confidence-index-score',
    share: 0.2,
    seeds: [1],
    collection: 'users',
    goOn: actionRun('fetch-user-confidence-index-score', 'users', ...EVERYTHING),
    mayRepeat: true,
  },
];
