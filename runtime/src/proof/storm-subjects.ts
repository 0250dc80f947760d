import {
  actionRun,
  changedUsersIn,
  createdUsersIn,
  entriesIn,
  GROUP_CONFIG,
  hashesIn,
  impactsIn,
  LIST_CONFIG,
  membersIn,
  NEW_GROUP_CONFIG,
  PROFILE_CONFIG,
} from './actions.js';
import type { Subject } from './subject.js';

export interface StormSubject extends Subject {
  /** The action by its text id. */
  action: string;
  /** How many of the objects there are. */
  objects: number;
  /** How many of its requests are struck, from 0 to 1. */
  share: number;
  /** Seeds of the storms, each with a tenant and a pass of its own. */
  seeds: readonly number[];
}

const ALL = 10_000;
const A_QUARTER = ALL / 4;
const EVERYTHING = ['--objects-per-run', '100000', '--until-done'];

/** Every action that writes to a vendor, or reads from one, has a line here. */
export const STORM_SUBJECTS: readonly StormSubject[] = [
  {
    // One request for each object: few of the many are struck, since every limit stops all of them for a second.
    action: 'netskope.create-user-confidence-index-impact',
    objects: ALL,
    share: 0.01,
    seeds: [1],
    vendor: 'netskope',
    collection: 'users',
    goOn: actionRun('netskope.create-user-confidence-index-impact', 'users', ...EVERYTHING),
    mayRepeat: false,
    heldIn: impactsIn,
  },
  {
    action: 'netskope.manage-url-list',
    objects: ALL,
    share: 0.2,
    seeds: [1],
    vendor: 'netskope',
    collection: 'hosts',
    goOn: actionRun('netskope.manage-url-list', 'hosts', ...LIST_CONFIG, ...EVERYTHING),
    mayRepeat: true,
    heldIn: entriesIn,
  },
  {
    // One request for all objects: several storms.
    action: 'netskope.export-file-profile-hashes',
    objects: ALL,
    share: 0.6,
    seeds: [1, 2, 3, 4, 5, 6],
    vendor: 'netskope',
    collection: 'hashes',
    goOn: actionRun('netskope.export-file-profile-hashes', 'hashes', ...PROFILE_CONFIG, ...EVERYTHING),
    mayRepeat: true,
    heldIn: hashesIn,
  },
  {
    action: 'netskope.fetch-user-confidence-index-score',
    objects: ALL,
    share: 0.2,
    seeds: [1],
    vendor: 'netskope',
    collection: 'users',
    goOn: actionRun('netskope.fetch-user-confidence-index-score', 'users', ...EVERYTHING),
    mayRepeat: true,
  },
  {
    // Two requests for each object, four at a time.
    action: 'netskope.scim-provision-users',
    objects: A_QUARTER,
    share: 0.02,
    seeds: [1],
    vendor: 'netskope',
    collection: 'users',
    goOn: actionRun('netskope.scim-provision-users', 'users', ...EVERYTHING),
    mayRepeat: true,
    heldIn: createdUsersIn,
  },
  {
    // Each batch reads the list of users.
    action: 'netskope.scim-provision-group',
    objects: A_QUARTER,
    share: 0.2,
    seeds: [1],
    vendor: 'netskope',
    collection: 'staff',
    goOn: actionRun('netskope.scim-provision-group', 'staff', ...NEW_GROUP_CONFIG, ...EVERYTHING),
    mayRepeat: true,
    heldIn: membersIn,
  },
  {
    // A few requests for all objects.
    action: 'netskope.scim-update-group-members',
    objects: ALL,
    share: 0.3,
    seeds: [1, 2],
    vendor: 'netskope',
    collection: 'staff',
    goOn: actionRun(
      'netskope.scim-update-group-members',
      'staff',
      ...GROUP_CONFIG,
      '--set',
      'operation=add',
      ...EVERYTHING,
    ),
    mayRepeat: true,
    heldIn: membersIn,
  },
  {
    action: 'okta.take-action',
    objects: ALL,
    share: 0.01,
    seeds: [1],
    vendor: 'okta',
    collection: 'users',
    goOn: actionRun('okta.take-action', 'users', '--set', 'action=suspend', ...EVERYTHING),
    mayRepeat: true,
    heldIn: changedUsersIn,
  },
];
