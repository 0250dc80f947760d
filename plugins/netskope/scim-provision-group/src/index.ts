import {
  alreadyMember,
  changeMembers,
  checkScimGroups,
  createScimGroup,
  findScimGroup,
  groupGone,
  memberOutcomes,
  namesOf,
  noScimUser,
  readScimGroup,
  scimUserId,
  userIdOf,
  withScimId,
} from '@drover-plugins/netskope-client';
import { defineAction, Fault, type Outcome, rejected, unchanged } from '@drover/plugin-sdk';

interface Config {
  groupName: string;
  externalId?: string;
}

interface Prepared {
  groupId: string;
}

/** Makes SCIM users members of a group, which is created when there is none of the name. */
export default defineAction<Config, Record<string, unknown>, Prepared>({
  testConnection: checkScimGroups,
  resolvers: { scimUserId },

  async prepare(context) {
    const { groupName, externalId } = context.config;
    const existing = await findScimGroup(context, groupName);
    if (existing !== undefined) return { groupId: existing.id };
    const draft = { displayName: groupName, ...(externalId === undefined ? {} : { externalId }) };
    const reply = await createScimGroup(context, draft);
    if (reply.isCreated) return { groupId: reply.group.id };
    const other = reply.status === 409 ? await findScimGroup(context, groupName) : undefined;
    if (other !== undefined) return { groupId: other.id };
    throw new Fault(
      'SCIM_GROUP_REFUSED',
      `Netskope refused to create the group "${groupName}": ${reply.words}.`,
      { path: '/groupName' },
    );
  },

  async execute({ objects }, context) {
    const { groupId } = context.prepared;
    const group = await readScimGroup(context, groupId);
    if (group === undefined) throw groupGone(groupId);
    const ids = await context.resolve<string>('scimUserId', objects.flatMap(namesOf));
    const held = new Set(group.members);
    const joining = new Map<string, string[]>();
    const outcomes: Outcome[] = [];
    for (const object of objects) {
      const userId = userIdOf(object, ids);
      if (userId === undefined) outcomes.push(rejected(object, noScimUser(object.value)));
      else if (held.has(userId))
        outcomes.push(unchanged(object, alreadyMember(context.config.groupName), withScimId(userId)));
      else joining.set(userId, [...(joining.get(userId) ?? []), object.id]);
    }
    const changes = [...joining].map(([userId, objectIds]) => ({ userId, objectIds }));
    for await (const changed of changeMembers(context, { groupId, operation: 'add', changes })) {
      outcomes.push(...memberOutcomes(changed));
    }
    return outcomes;
  },
});
