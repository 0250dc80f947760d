import type { NetskopeState } from '@drover/simulators';
import { type CollectionName, LIST, PROFILE } from './site.js';

export const LIST_CONFIG = ['--set', `urlListName=${LIST}`];
export const PROFILE_CONFIG = ['--set', `fileProfileName=${PROFILE}`];

/** What is typed to run a Netskope action over a collection. */
export function actionRun(action: string, collection: CollectionName, ...more: string[]): string[] {
  const over = ['--collection', collection, '--connection', 'lab'];
  return ['action', 'run', `netskope.${action}`, ...over, ...more];
}

/** What the URL list holds, as last edited. */
export function entriesOf({ lists }: NetskopeState): string[] {
  return lists.find(({ name }) => name === LIST)!.urls;
}

/** What the file profile holds. */
export function hashesOf({ fileProfiles }: NetskopeState): string[] {
  return fileProfiles.find(({ name }) => name === PROFILE)!.hashes;
}
