import type { OutcomeReason, PluginObject } from '@drover/plugin-sdk';

export function noSuchUser({ value }: PluginObject): OutcomeReason {
  const message = `Okta has no user ${value}; the value has to be the user's id, its login, or the part before the @ of a login where only one has it.`;
  return { code: 'USER_NOT_FOUND', message };
}
