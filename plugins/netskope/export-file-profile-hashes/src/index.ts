import { MAX_HASH_LIST_BYTES, updateFileHashList } from '@drover-plugins/netskope-client';
import { defineAction, type Outcome, rejected, succeeded, unchanged } from '@drover/plugin-sdk';
import { HashList } from './hash-list.js';

interface Config {
  fileProfileName: string;
}

const OUTCOMES_AT_ONCE = 5_000;

/** Puts the hashes of a whole collection in the place of those that a Netskope file profile holds. */
export default defineAction<Config>({
  async *executeAll(pages, context) {
    const list = new HashList(MAX_HASH_LIST_BYTES);
    for await (const page of pages) {
      const refused: Outcome[] = [];
      for (const object of page) {
        const reason = list.add(object);
        if (reason !== undefined) refused.push(rejected(object, reason));
      }
      yield refused;
    }
    // Without a hash nothing is sent: what cannot be used must not disarm a profile.
    if (list.hashes.size === 0) return;
    const profileName = context.config.fileProfileName;
    const reply = await updateFileHashList(context, { profileName, hashes: list.hashes });
    for (const ids of list.objectIds(OUTCOMES_AT_ONCE)) {
      yield ids.map((id) => (reply === 'updated' ? succeeded({ id }) : unchanged({ id }, SAME_LIST)));
    }
  },
});

/** True whoever put it there: a try of this very run, whose answer was lost, may have done so. */
const SAME_LIST = {
  code: 'LIST_UNCHANGED',
  message: 'The file profile already held exactly this list of hashes when Netskope was asked to replace it.',
};
