import { actionRun, entriesOf, hashesOf, LIST_CONFIG, PROFILE_CONFIG } from './netskope-subjects.js';
import type { PassBooks } from './pass-books.js';
import type { Subject } from './subject.js';

export interface Scenario extends Subject {
  name: string;
  /** What is typed, in order; each may die. A command may need to know the runs that the ones before it have left. */
  commands: ((books: PassBooks) => string[])[];
  /** Another person cancels the run when the vendor gets its n-th request. */
  cancel?: { atRequest: number; atOnce: boolean };
}

function manageList(...more: string[]): string[] {
  return actionRun('manage-url-list', 'hosts', ...LIST_CONFIG, ...more);
}

const IMPACTS = actionRun('create-user-confidence-index-impact', 'users');
const HASHES = actionRun('export-file-profile-hashes', 'hashes', ...PROFILE_CONFIG);
const SCORES = actionRun('fetch-user-confidence-index-score', 'users');
const SLICES = manageList('--objects-per-run', '4');

/** Each is run undisturbed once, to learn its course, and then once for each point of it. */
export const SCENARIOS: readonly Scenario[] = [
  {
    name: 'impacts',
    collection: 'users',
    commands: [() => IMPACTS],
    goOn: IMPACTS,
    mayRepeat: false,
    heldIn: ({ impacts }) => impacts.map(({ user }) => user),
  },
  {
    name: 'url-list',
    collection: 'hosts',
    commands: [() => manageList()],
    goOn: manageList(),
    mayRepeat: true,
    heldIn: entriesOf,
  },
  {
    name: 'hash-export',
    collection: 'hashes',
    commands: [() => HASHES],
    goOn: HASHES,
    mayRepeat: true,
    heldIn: hashesOf,
  },
  { name: 'uci-scores', collection: 'users', commands: [() => SCORES], goOn: SCORES, mayRepeat: true },
  {
    name: 'three-slices',
    collection: 'hosts',
    commands: [() => [...SLICES, '--until-done']],
    goOn: SLICES,
    mayRepeat: true,
    heldIn: entriesOf,
  },
  {
    name: 'cancel',
    collection: 'hosts',
    commands: [() => manageList()],
    goOn: manageList(),
    mayRepeat: true,
    heldIn: entriesOf,
    cancel: { atRequest: 4, atOnce: false },
  },
  {
    name: 'cancel-now',
    collection: 'hosts',
    commands: [() => manageList()],
    goOn: manageList(),
    mayRepeat: true,
    heldIn: entriesOf,
    cancel: { atRequest: 4, atOnce: true },
  },
  {
    name: 'plan-apply',
    collection: 'hosts',
    commands: [() => manageList('--plan'), ({ runs }) => ['run', 'apply', runs[0]!.id]],
    goOn: manageList(),
    mayRepeat: true,
    heldIn: entriesOf,
  },
];
