import {
  alreadyMember,
  changeMembers,
  checkScimGroups,
  findScimGroup,
  groupGone,
  groupMissing,
  type MemberChange,
  memberOutcomes,
  namesOf,
  noScimUser,
  readScimGroup,
  scimUserId,
  userIdOf,
  withScimId,
} from '@drover-plugins/netskope-client';
import {
  defineAction,
  Fault,
  type Outcome,
  type PluginContext,
  type PluginObject,
  rejected,
  unchanged,
} from '@drover/plugin-sdk';
import { Membership, type Operation } from './membership.js';

interface Config {
  groupName: string;
  operation: Operation;
}

/** Adds a whole collection to a group, takes it out, or makes it all that the group has. */
export default defineAction<Config>({
  testConnection: checkScimGroups,
  resolvers: { scimUserId },

  async *executeAll(pages, context) {
    const { groupName, operation } = context.config;
    const found = await findScimGroup(context, groupName);
    if (found === undefined) throw groupMissing(groupName);
    // A list may leave members out; a group read by its id does not.
    const group = await readScimGroup(context, found.id);
    if (group === undefined) throw groupGone(found.id);
    const membership = new Membership(operation, group.members);
    for await (const page of pages) yield await sortPage(page, { membership, context });
    // What finds no user must not empty a group.
    if (membership.size === 0) return;
    const additions = membership.additions();
    const removals = membership.removals();
    context.log.info('membership difference', { add: additions.length, remove: removals.length });
    yield* send(context, { groupId: group.id, operation: 'add', changes: additions });
    yield* send(context, { groupId: group.id, operation: 'remove', changes: removals });
  },
});

/** Outcomes of the objects of which nothing is sent. */
async function sortPage(
  page: readonly PluginObject[],
  { membership, context }: { membership: Membership; context: PluginContext<Config> },
): Promise<Outcome[]> {
  const { operation, groupName } = context.config;
  const ids = await context.resolve<string>('scimUserId', page.flatMap(namesOf));
  return page.flatMap((object) => {
    const userId = userIdOf(object, ids);
    if (userId === undefined) return [rejected(object, noScimUser(object.value))];
    if (!membership.note(object, userId)) return [];
    const reason =
      operation === 'remove'
        ? { code: 'NOT_A_MEMBER', message: `The user is no member of "${groupName}".` }
        : alreadyMember(groupName);
    return [unchanged(object, reason, withScimId(userId))];
  });
}

async function* send(
  context: PluginContext<Config>,
  edit: { groupId: string; operation: 'add' | 'remove'; changes: readonly MemberChange[] },
): AsyncGenerator<Outcome[]> {
  for await (const changed of changeMembers(context, edit)) {
    const isOfObjects = changed.changes.some(({ objectIds }) => objectIds.length > 0);
    if (changed.refusal !== undefined && !isOfObjects) throw removalRefused(changed.refusal);
    yield memberOutcomes(changed);
  }
}

function removalRefused(words: string): Fault {
  return new Fault(
    'SCIM_REMOVAL_REFUSED',
    `The new members are in, but Netskope refused to remove the others: ${words}. Run the action again.`,
  );
}
