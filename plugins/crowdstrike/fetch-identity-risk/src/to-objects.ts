import { type BandBounds, type IdentityUser, riskAttributes } from '@drover-plugins/crowdstrike-client';
import type { FeedObject, FeedPage } from '@drover/plugin-sdk';

const NO_ADDRESS = 'The user has no e-mail address.';
const SHARED_ADDRESS = 'Another user of the page has the same first e-mail address.';

/** The users of a page as identities: the first address is the value, the others are aliases. */
export function toObjects(
  users: readonly IdentityUser[],
  bands: BandBounds,
): Pick<FeedPage, 'objects' | 'skipped'> {
  const named = users.filter(({ emailAddresses }) => emailAddresses.length > 0);
  const byAddress = new Map<string, IdentityUser>();
  for (const user of named) {
    const key = user.emailAddresses[0]!.toLowerCase();
    const known = byAddress.get(key);
    byAddress.set(key, known === undefined ? user : merged(known, user));
  }
  const skipped = [
    { reason: NO_ADDRESS, count: users.length - named.length },
    { reason: SHARED_ADDRESS, count: named.length - byAddress.size },
  ];
  return {
    objects: [...byAddress.values()].map((user) => toObject(user, bands)),
    skipped: skipped.filter(({ count }) => count > 0),
  };
}

/** Two accounts of one person: the one with the higher risk stands for both, with the addresses of both. */
function merged(left: IdentityUser, right: IdentityUser): IdentityUser {
  const [risky, other] = (right.riskScore ?? -1) > (left.riskScore ?? -1) ? [right, left] : [left, right];
  return { ...risky, emailAddresses: [...risky.emailAddresses, ...other.emailAddresses] };
}

function toObject(user: IdentityUser, bands: BandBounds): FeedObject {
  const [value, ...others] = user.emailAddresses as [string, ...string[]];
  const { displayName, secondaryName, riskScore } = user;
  return {
    type: 'identity',
    value,
    aliases: [...new Set(others)].filter((alias) => alias !== value),
    attributes: [
      { name: 'Display Name', value: displayName },
      ...(secondaryName === undefined ? [] : [{ name: 'Account Name', value: secondaryName }]),
      ...riskAttributes(riskScore, bands),
    ],
  };
}
