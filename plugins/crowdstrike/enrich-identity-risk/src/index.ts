import {
  type BandBounds,
  checkAccess,
  checkBands,
  findUsers,
  MAX_PAGE,
  riskAttributes,
  UsersByAddress,
} from '@drover-plugins/crowdstrike-client';
import {
  defineAction,
  type Outcome,
  type PluginContext,
  type PluginObject,
  skipped,
  succeeded,
  unchanged,
} from '@drover/plugin-sdk';

type Config = BandBounds;

/** Writes the identity risk of users that are known already onto their objects. */
export default defineAction<Config>({
  testConnection: checkAccess,

  async prepare({ config }) {
    checkBands(config);
  },

  async execute({ objects }, context) {
    const users = await usersOf(objects, context);
    return objects.map((object) => outcomeFor(object, users, context.config));
  },
});

async function usersOf(
  objects: readonly PluginObject[],
  context: PluginContext<Config>,
): Promise<UsersByAddress> {
  const users = new UsersByAddress();
  const asked = spellings(objects.flatMap(addressesOf));
  for (let from = 0; from < asked.length; from += MAX_PAGE) {
    for await (const page of findUsers(context, asked.slice(from, from + MAX_PAGE))) {
      for (const user of page) users.add(user);
    }
  }
  return users;
}

/** Under which an object may be known there: its value first. */
function addressesOf({ value, aliases }: PluginObject): string[] {
  return [value, ...aliases].filter((name) => /^[^\s@]+@[^\s@]+$/.test(name));
}

/** Each address as it is and in lower case: whether the vendor tells the two apart is not documented. */
function spellings(addresses: readonly string[]): string[] {
  return [...new Set(addresses.flatMap((address) => [address, address.toLowerCase()]))];
}

function outcomeFor(object: PluginObject, users: UsersByAddress, bands: BandBounds): Outcome {
  const addresses = addressesOf(object);
  if (addresses.length === 0) {
    const message = `${object.value} and its aliases are no e-mail addresses, by which users are found.`;
    return skipped(object, { code: 'NO_EMAIL_ADDRESS', message });
  }
  const found = users.find(addresses);
  if (found === undefined) {
    const message = `CrowdStrike has no unarchived user with the address ${addresses.join(' or ')}.`;
    return unchanged(object, { code: 'USER_UNKNOWN', message });
  }
  const { user, address } = found;
  if (user.riskScore === undefined) {
    const message = `CrowdStrike knows ${address} as ${user.displayName}, but has not scored the risk.`;
    return unchanged(object, { code: 'NO_SCORE', message });
  }
  return succeeded(object, {
    writeBack: { attributes: riskAttributes(user.riskScore, bands) },
    data: { entityId: user.entityId, matchedBy: address, riskScore: user.riskScore },
  });
}
