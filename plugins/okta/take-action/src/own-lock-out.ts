import type { LifecycleAction, OktaUser } from '@drover-plugins/okta-client';
import type { OutcomeReason, PluginObject } from '@drover/plugin-sdk';

/** Whether a user can no longer log in afterwards. */
export function locksOut(action: LifecycleAction): boolean {
  return action === 'suspend' || action === 'deactivate';
}

/** Whether Okta takes this id, login or short name for the user. */
export function isNamed({ id, login }: OktaUser, reference: string): boolean {
  const [shortName] = login.split('@');
  return (
    reference === id || [login, shortName].some((name) => name?.toLowerCase() === reference.toLowerCase())
  );
}

/** With its owner a token stops working, and the rest of the run with it. */
export function ownsToken({ value }: PluginObject, action: LifecycleAction): OutcomeReason {
  const message = `${value} owns the API token of the connection, which would stop working; ${action} this user with the token of another administrator.`;
  return { code: 'USER_OWNS_TOKEN', message };
}
