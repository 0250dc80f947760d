import {
  type ChangeReply,
  LIFECYCLE,
  type LifecycleAction,
  type Okta,
  type OktaUser,
  readUser,
  startsFrom,
} from '@drover-plugins/okta-client';
import { failed, type Outcome, type PluginObject, rejected, unchanged } from '@drover/plugin-sdk';
import { noSuchUser } from './no-such-user.js';
import { STATUS_ATTRIBUTE } from './status-attribute.js';

interface RefusedChange {
  action: LifecycleAction;
  userId: string;
  reply: Extract<ChangeReply, { result: 'refused' }>;
}

/** What was to be done, and to whom it can be done. */
const WORDS: Record<LifecycleAction, { verb: string; rule: string }> = {
  suspend: { verb: 'suspend', rule: 'only users who are ACTIVE can be suspended' },
  unsuspend: { verb: 'un-suspend', rule: 'only users who are SUSPENDED can be un-suspended' },
  deactivate: { verb: 'deactivate', rule: 'only users who are not DEPROVISIONED can be deactivated' },
  unlock: { verb: 'unlock', rule: 'only users who are LOCKED_OUT can be unlocked' },
};

/** Okta refused the change of one user: the status that the user is in now says what that means. */
export async function judgeRefusal(
  object: PluginObject,
  { action, userId, reply }: RefusedChange,
  okta: Okta,
): Promise<Outcome> {
  const user = await readUser(okta, userId);
  if (user === undefined) return rejected(object, noSuchUser(object));
  const { verb, rule } = WORDS[action];
  const data = { userId: user.id, oktaStatus: user.status };
  if (isThere(user, action)) return nothingToDo(object, user);
  if (!startsFrom(action, user.status)) {
    const message = `Okta has ${object.value} as ${user.status}, and ${rule}.`;
    return rejected(object, { code: 'USER_STATUS_UNFIT', message }, { data });
  }
  const refusal = `Okta refused to ${verb} ${object.value}, who is ${user.status}`;
  if (reply.isForGood) {
    const message = `${refusal}; users whom a directory provides are changed in that directory. It said: ${reply.words}`;
    return rejected(object, { code: 'USER_CHANGE_REFUSED', message }, { data });
  }
  // The status fits and Okta said that it does not: it changed between the two calls.
  const message = `${refusal}, so the status may have changed meanwhile; run the action again. It said: ${reply.words}`;
  return failed(object, { code: 'USER_STATUS_UNSETTLED', message }, { retryable: true, data });
}

function isThere({ status, transitioningTo }: OktaUser, action: LifecycleAction): boolean {
  const { to } = LIFECYCLE[action];
  return status === to || transitioningTo === to;
}

/** It may be an earlier try of this very change whose answer got lost: Okta does not tell. */
function nothingToDo(object: PluginObject, user: OktaUser): Outcome {
  const under = user.transitioningTo === undefined ? '' : ` and on the way to ${user.transitioningTo}`;
  const message = `Okta has ${object.value} as ${user.status} already${under}: nothing was to be done, or an earlier try whose answer got lost did it.`;
  return unchanged(
    object,
    { code: 'USER_STATUS_REACHED', message },
    {
      writeBack: { attributes: [{ name: STATUS_ATTRIBUTE, value: user.status }] },
      data: { userId: user.id, oktaStatus: user.status },
    },
  );
}
