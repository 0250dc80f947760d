import {
  checkScimUsers,
  createScimUser,
  findScimUser,
  type ScimUser,
  type ScimUserDraft,
} from '@drover-plugins/netskope-client';
import {
  defineAction,
  type Outcome,
  type PluginObject,
  rejected,
  succeeded,
  unchanged,
} from '@drover/plugin-sdk';
import { differences, type FieldMapping, toUserDraft } from './user-draft.js';

const ID_ATTRIBUTE = 'Netskope SCIM ID';

/** Creates SCIM users for identities that have none. */
export default defineAction<FieldMapping>({
  testConnection: checkScimUsers,

  async executeOne(object, context) {
    const mapped = toUserDraft(object, context.config);
    if (!mapped.ok) {
      const message = `${object.value} has no attribute "${mapped.missing}" to take the user name from.`;
      return rejected(object, { code: 'NO_USER_NAME', message });
    }
    const { draft } = mapped;
    const existing = await findScimUser(context, draft);
    if (existing !== undefined) return exists(object, { user: existing, draft });
    const reply = await createScimUser(context, draft);
    if (reply.isCreated) return succeeded(object, idOf(reply.user));
    // Somebody was faster, or an earlier try of this very run whose answer was lost.
    const other = reply.status === 409 ? await findScimUser(context, draft) : undefined;
    if (other !== undefined) return exists(object, { user: other, draft });
    const message = `Netskope refused to create the user ${draft.userName}: ${reply.words}.`;
    return rejected(object, { code: 'USER_REFUSED', message });
  },
});

function exists(object: PluginObject, { user, draft }: { user: ScimUser; draft: ScimUserDraft }): Outcome {
  const differing = differences(user, draft);
  const note =
    differing.length === 0 ? '' : ` Not as the identity has it, and left alone: ${differing.join(', ')}.`;
  return unchanged(
    object,
    { code: 'USER_EXISTS', message: `The SCIM user ${user.userName} exists already.${note}` },
    idOf(user),
  );
}

function idOf({ id }: ScimUser) {
  return { data: { scimId: id }, writeBack: { attributes: [{ name: ID_ATTRIBUTE, value: id }] } };
}
