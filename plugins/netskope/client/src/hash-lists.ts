import { Fault } from '@drover/plugin-sdk';
import { asRecord, type Netskope, parsedIfText, unreadable, wordsOf } from './netskope.js';

// Calls: `updateFileHashList`, of the REST API v1.

/** Most bytes of the text of a hash list: 8 MB, which the vendor's clients take for 8 times 1,024². */
export const MAX_HASH_LIST_BYTES = 8 * 1024 * 1024;
/** Between two hashes of a list. */
export const HASH_SEPARATOR = ',';

export interface HashListUpdate {
  /** Name of an existing file profile; its case matters. */
  profileName: string;
  /** MD5 and SHA-256 in hexadecimal digits; at least one, since no list may be empty. */
  hashes: ReadonlySet<string>;
}

/** `updated`: the profile holds these hashes now. `same`: it held exactly these when it was asked. */
export type HashListReply = 'updated' | 'same';

/**
 * Puts the hashes in the place of ALL that the profile holds. Netskope has no other way to write a hash list, and none to
 * read it. It answers 200 when it refuses, too. Faults: `FILE_PROFILE_NOT_FOUND`, `FILE_PROFILE_PENDING`,
 * `FILE_PROFILE_REFUSED`, `CREDENTIALS_REFUSED`, and `VENDOR_ANSWER_INVALID` (retryable: the update may be repeated).
 */
export async function updateFileHashList(
  netskope: Netskope,
  { profileName, hashes }: HashListUpdate,
): Promise<HashListReply> {
  const reply = await netskope.call('updateFileHashList', {
    json: { name: profileName },
    stream: () => separated(hashes),
    streamMember: 'list',
  });
  const { status, errorCode, errors, msg } = asRecord(parsedIfText(reply.body));
  if (status === 'success') return 'updated';
  if (status !== 'error') return unreadable('the result of an update', { retryable: true });
  const words = wordsOf(errors ?? msg ?? errorCode ?? '');
  if (/duplicate request/i.test(words)) return 'same';
  throw refusal(profileName, { words, errorCode: wordsOf(errorCode ?? '') });
}

/** Made while it is sent, since the text of a list may have 8 MiB. */
function* separated(hashes: Iterable<string>): Generator<string> {
  let separator = '';
  for (const hash of hashes) {
    yield separator + hash;
    separator = HASH_SEPARATOR;
  }
}

/** The words for these are not documented: what is not recognised is told with the advice for both. */
function refusal(profileName: string, { words, errorCode }: { words: string; errorCode: string }): Fault {
  const path = { path: '/fileProfileName' };
  const said = `Netskope said: ${words || errorCode || 'nothing more'}`;
  if (/authori[sz]ation/i.test(errorCode)) {
    return new Fault(
      'CREDENTIALS_REFUSED',
      `Netskope did not accept the API v1 token for updateFileHashList; check the connection's apiV1Token. ${said}`,
    );
  }
  if (/pending/i.test(words)) {
    return new Fault(
      'FILE_PROFILE_PENDING',
      `The file profile "${profileName}" has pending changes, and Netskope updates none that has; apply or discard them in its console, then run the action again. ${said}`,
      path,
    );
  }
  if (/not exist|not found|no such/i.test(words)) {
    return new Fault(
      'FILE_PROFILE_NOT_FOUND',
      `Netskope has no file profile "${profileName}"; correct fileProfileName (its case matters), or create the profile. ${said}`,
      path,
    );
  }
  return new Fault(
    'FILE_PROFILE_REFUSED',
    `Netskope did not update the file profile "${profileName}"; check that it exists under exactly this name and has no pending changes. ${said}`,
    path,
  );
}
