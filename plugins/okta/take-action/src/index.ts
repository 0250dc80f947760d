import {
  changeStatus,
  LIFECYCLE,
  type LifecycleAction,
  type OktaUser,
  readTokenOwner,
} from '@drover-plugins/okta-client';
import { defineAction, rejected, succeeded } from '@drover/plugin-sdk';
import { judgeRefusal } from './judge-refusal.js';
import { noSuchUser } from './no-such-user.js';
import { isNamed, locksOut, ownsToken } from './own-lock-out.js';
import { STATUS_ATTRIBUTE } from './status-attribute.js';
import { testConnection } from './test-connection.js';
import { userIdOf } from './user-id.js';

interface Config {
  action: LifecycleAction;
}

interface Prepared {
  /** Whose token the connection holds. */
  owner: OktaUser;
}

/** Changes the status of one user for each object. */
export default defineAction<Config, Record<string, unknown>, Prepared>({
  testConnection,

  /** One call, so that a wrong token or host is met once and not by as many users as are sent at a time. */
  async prepare(context) {
    return { owner: await readTokenOwner(context) };
  },

  async executeOne(object, context) {
    const { action } = context.config;
    const userId = await userIdOf(object, context);
    if (userId === undefined) return rejected(object, noSuchUser(object));
    if (locksOut(action) && isNamed(context.prepared.owner, userId)) {
      return rejected(object, ownsToken(object, action));
    }
    const reply = await changeStatus(context, { action, userId });
    if (reply.result === 'refused') return judgeRefusal(object, { action, userId, reply }, context);
    return succeeded(object, {
      writeBack: { attributes: [{ name: STATUS_ATTRIBUTE, value: LIFECYCLE[action].to }] },
    });
  },
});
