import { actionRun, entriesIn, hashesIn, impactsIn, LIST_CONFIG, PROFILE_CONFIG } from './actions.js';
import type { PassBooks } from './pass-books.js';
import type { Subject } from './subject.js';

export interface Scenario extends Subject {
  name: string;
  /** What is typed, in order; each may die. A command may need to know the runs that the ones before it have left. */
  commands: ((books: PassBooks) => string[])[];
  /**
   * Another person cancels the run when the vendor gets its n-th request. `heeded`: that request and the next one, all that may be at
   * the vendor, are not answered until the run has heard of it.
   */
  cancel?: { atRequest: number; atOnce: boolean; heeded?: true };
}

function manageList(...more: string[]): string[] {
  return actionRun('netskope.manage-url-list', 'hosts', ...LIST_CONFIG, ...more);
}

const IMPACTS = actionRun('netskope.create-user-confidence-index-impact', 'users');
const HASHES = actionRun('netskope.export-file-profile-hashes', 'hashes', ...PROFILE_CONFIG);
const SCORES = actionRun('netskope.fetch-user-confidence-index-score', 'users');
const SLICES = manageList('--objects-per-run', '4');

/** Each is run undisturbed once, to learn its course, and then once for each point of it. */
export const SCENARIOS: readonly Scenario[] = [
  {
    name: 'impacts',
    vendor: 'netskope',
    collection: 'users',
    commands: [() => IMPACTS],
    goOn: IMPACTS,
    mayRepeat: false,
    heldIn: impactsIn,
  },
  {
    name: 'url-list',
    vendor: 'netskope',
    collection: 'hosts',
    commands: [() => manageList()],
    goOn: manageList(),
    mayRepeat: true,
    heldIn: entriesIn,
  },
  {
    name: 'hash-export',
    vendor: 'netskope',
    collection: 'hashes',
    commands: [() => HASHES],
    goOn: HASHES,
    mayRepeat: true,
    heldIn: hashesIn,
  },
  {
    name: 'uci-scores',
    vendor: 'netskope',
    collection: 'users',
    commands: [() => SCORES],
    goOn: SCORES,
    mayRepeat: true,
  },
  {
    name: 'three-slices',
    vendor: 'netskope',
    collection: 'hosts',
    commands: [() => [...SLICES, '--until-done']],
    goOn: SLICES,
    mayRepeat: true,
    heldIn: entriesIn,
  },
  {
    name: 'cancel',
    vendor: 'netskope',
    collection: 'hosts',
    commands: [() => manageList()],
    goOn: manageList(),
    mayRepeat: true,
    heldIn: entriesIn,
    cancel: { atRequest: 4, atOnce: false },
  },
  {
    name: 'cancel-now',
    vendor: 'netskope',
    collection: 'hosts',
    commands: [() => manageList()],
    goOn: manageList(),
    mayRepeat: true,
    heldIn: entriesIn,
    cancel: { atRequest: 4, atOnce: true },
  },
  {
    name: 'cancel-impacts',
    vendor: 'netskope',
    collection: 'users',
    commands: [() => IMPACTS],
    goOn: IMPACTS,
    mayRepeat: false,
    heldIn: impactsIn,
    cancel: { atRequest: 3, atOnce: false, heeded: true },
  },
  {
    name: 'plan-apply',
    vendor: 'netskope',
    collection: 'hosts',
    commands: [() => manageList('--plan'), ({ runs }) => ['run', 'apply', runs[0]!.id]],
    goOn: manageList(),
    mayRepeat: true,
    heldIn: entriesIn,
  },
];
