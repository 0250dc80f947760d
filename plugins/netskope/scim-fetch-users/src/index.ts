import { checkScimUsers, readScimUsers, scimPages, type ScimUser } from '@drover-plugins/netskope-client';
import { defineFeed, type FeedObject } from '@drover/plugin-sdk';

interface Config {
  onlyActive: boolean;
}

/** Where a pass over all users stands. */
interface Checkpoint {
  /** Of the next page, from 1. */
  startIndex: number;
}

/** Keeps the users of a tenant as identities: every pull is a full pass. */
export default defineFeed<Config>({
  testConnection: checkScimUsers,

  async *pull({ checkpoint }, context) {
    const { startIndex } = (checkpoint ?? { startIndex: 1 }) as unknown as Checkpoint;
    const readPage = (index: number) => readScimUsers(context, { startIndex: index });
    for await (const { resources, nextIndex, isLast } of scimPages(readPage, startIndex)) {
      const kept = resources.filter(({ active }) => active || !context.config.onlyActive);
      const left = resources.length - kept.length;
      yield {
        objects: kept.map(toIdentity),
        checkpoint: { startIndex: isLast ? 1 : nextIndex },
        ...(left === 0 ? {} : { skipped: [{ reason: 'switched off', count: left }] }),
        isComplete: isLast,
      };
    }
  },
});

function toIdentity(user: ScimUser): FeedObject {
  const named = {
    'Netskope SCIM ID': user.id,
    'Given Name': user.givenName,
    'Family Name': user.familyName,
    'External ID': user.externalId,
    Active: user.active,
  };
  return {
    type: 'identity',
    value: user.userName,
    aliases: user.emails.map(({ value }) => value).filter((email) => !isSame(email, user.userName)),
    attributes: Object.entries(named).flatMap(([name, value]) =>
      value === undefined ? [] : [{ name, value }],
    ),
  };
}

function isSame(left: string, right: string): boolean {
  return left.toLowerCase() === right.toLowerCase();
}
