import type { ScimUser, ScimUserDraft } from '@drover-plugins/netskope-client';
import type { PluginObject } from '@drover/plugin-sdk';

/** Which attribute of an identity fills which field; without a name the identity's own value and aliases do. */
export interface FieldMapping {
  userNameAttribute?: string;
  givenNameAttribute: string;
  familyNameAttribute: string;
  emailAttribute?: string;
  externalIdAttribute: string;
  active: boolean;
}

/** The user that an identity stands for, or the attribute that it lacks for one. */
export function toUserDraft(
  object: PluginObject,
  mapping: FieldMapping,
): { ok: true; draft: ScimUserDraft } | { ok: false; missing: string } {
  const read = (name: string) => textOf(object, name);
  const userName = mapping.userNameAttribute === undefined ? object.value : read(mapping.userNameAttribute);
  if (userName === undefined) return { ok: false, missing: mapping.userNameAttribute! };
  const given = {
    givenName: read(mapping.givenNameAttribute),
    familyName: read(mapping.familyNameAttribute),
    externalId: read(mapping.externalIdAttribute),
  };
  const present = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
  const emails = emailsOf(object, mapping.emailAttribute);
  return { ok: true, draft: { userName, ...present, active: mapping.active, emails } };
}

/** The fields of an existing user that are not as its identity has them. What the identity does not say is not compared. */
export function differences(user: ScimUser, draft: ScimUserDraft): string[] {
  const fields = ['userName', 'givenName', 'familyName', 'externalId', 'active'] as const;
  const differing: string[] = fields.filter(
    (field) => draft[field] !== undefined && fold(draft[field]) !== fold(user[field]),
  );
  const held = new Set(user.emails.map(({ value }) => value.toLowerCase()));
  const isEmailMissing = draft.emails.some((email) => !held.has(email.toLowerCase()));
  return isEmailMissing ? [...differing, 'emails'] : differing;
}

function emailsOf(object: PluginObject, attribute: string | undefined): string[] {
  if (attribute === undefined) return [object.value, ...object.aliases].filter((name) => name.includes('@'));
  const email = textOf(object, attribute);
  return email === undefined ? [] : [email];
}

/** The attribute's text; of several sources the first that is not empty. */
function textOf({ attributes }: PluginObject, name: string): string | undefined {
  const texts = attributes.filter((one) => one.name === name).map(({ value }) => String(value).trim());
  return texts.find((text) => text !== '');
}

function fold(value: unknown): unknown {
  return typeof value === 'string' ? value.toLowerCase() : value;
}
