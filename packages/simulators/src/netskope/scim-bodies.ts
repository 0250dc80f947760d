import { GROUP_SCHEMA, USER_SCHEMA } from './scim-json.js';
import { invalidValue, scimRefusal } from './scim-refusal.js';
import type { MemberOp, ScimEmail, ScimGroupSeed, ScimUserSeed } from './scim-store.js';

const PATCH_SCHEMA = 'urn:ietf:params:scim:api:messages:2.0:PatchOp';
const USER_FIELDS = ['schemas', 'userName', 'name', 'active', 'emails', 'externalId', 'meta'];
const GROUP_FIELDS = ['schemas', 'displayName', 'members', 'externalId', 'meta'];

type Fields = Record<string, unknown>;

export interface MemberChange {
  op: MemberOp;
  members: string[];
}

export function readUser(body: unknown): ScimUserSeed {
  const fields = resourceOf(body, USER_SCHEMA, USER_FIELDS);
  return { userName: textOf(fields, 'userName'), ...userPart(fields) };
}

export function readGroup(body: unknown): ScimGroupSeed {
  const fields = resourceOf(body, GROUP_SCHEMA, GROUP_FIELDS);
  return {
    displayName: textOf(fields, 'displayName'),
    ...(typeof fields['externalId'] === 'string' ? { externalId: fields['externalId'] } : {}),
    members: membersOf(fields['members'] ?? []),
  };
}

/** Two ways to change a user are understood: `replace` of the path `active`, and `replace` without a path. */
export function readUserPatch(body: unknown): Partial<ScimUserSeed> {
  let changes: Partial<ScimUserSeed> = {};
  for (const { op, path, value } of operationsOf(body)) {
    if (op !== 'replace') throw invalidValue(`Operation ${String(op)} of a user is not supported`);
    const fields = path === undefined ? value : { [String(path)]: value };
    changes = { ...changes, ...userPart(recordOf(fields, USER_FIELDS)) };
  }
  return changes;
}

export function readMemberPatch(body: unknown, membersPerPatch: number): MemberChange[] {
  const changes = operationsOf(body).map(({ op, path, value }) => {
    if (op !== 'add' && op !== 'remove' && op !== 'replace') {
      throw scimRefusal(400, `Unknown operation ${String(op)}`, 'invalidSyntax');
    }
    if (path !== 'members') throw scimRefusal(400, 'path must be members', 'invalidPath');
    return { op, members: membersOf(value) } as const;
  });
  const count = changes.reduce((sum, { members }) => sum + members.length, 0);
  if (count > membersPerPatch) {
    throw scimRefusal(400, `A request may name ${membersPerPatch} members`, 'tooMany');
  }
  return changes;
}

function userPart(fields: Fields): Partial<ScimUserSeed> {
  const { externalId, active, emails } = fields;
  if (active !== undefined && typeof active !== 'boolean') throw invalidValue('active must be a boolean');
  const name = fields['name'] === undefined ? {} : recordOf(fields['name'], ['givenName', 'familyName']);
  return {
    ...(fields['userName'] === undefined ? {} : { userName: textOf(fields, 'userName') }),
    ...(typeof externalId === 'string' ? { externalId } : {}),
    ...(active === undefined ? {} : { active }),
    ...(emails === undefined ? {} : { emails: emailsOf(emails) }),
    ...(typeof name['givenName'] === 'string' ? { givenName: name['givenName'] } : {}),
    ...(typeof name['familyName'] === 'string' ? { familyName: name['familyName'] } : {}),
  };
}

function resourceOf(body: unknown, schema: string, keys: readonly string[]): Fields {
  const fields = recordOf(body, keys);
  const { schemas } = fields;
  if (Array.isArray(schemas) && schemas.includes(schema)) return fields;
  throw scimRefusal(400, `schemas must name ${schema}`, 'invalidSyntax');
}

function operationsOf(body: unknown): Fields[] {
  const { schemas, Operations } = recordOf(body, ['schemas', 'Operations']);
  if (!Array.isArray(schemas) || !schemas.includes(PATCH_SCHEMA)) {
    throw scimRefusal(400, `schemas must name ${PATCH_SCHEMA}`, 'invalidSyntax');
  }
  if (!Array.isArray(Operations) || Operations.length === 0) {
    throw scimRefusal(400, 'Operations should not be empty', 'invalidSyntax');
  }
  return Operations.map((operation) => recordOf(operation, ['op', 'path', 'value']));
}

function emailsOf(value: unknown): ScimEmail[] {
  if (!Array.isArray(value)) throw invalidValue('emails must be an array');
  return value.map((item) => {
    const email = recordOf(item, ['value', 'primary', 'type']);
    return { value: textOf(email, 'value'), primary: email['primary'] === true };
  });
}

/** One object a member. A member of an empty value, as in an example of the vendor, is refused. */
function membersOf(value: unknown): string[] {
  if (!Array.isArray(value)) throw invalidValue('members must be an array');
  return value.map((item) => textOf(recordOf(item, ['value', 'display', 'type', '$ref']), 'value'));
}

function recordOf(value: unknown, keys: readonly string[]): Fields {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw scimRefusal(400, 'An object was expected', 'invalidSyntax');
  }
  const unknown = Object.keys(value).find((key) => !keys.includes(key));
  if (unknown !== undefined) throw scimRefusal(400, `Attribute ${unknown} is not known`, 'invalidSyntax');
  return value as Fields;
}

function textOf(fields: Fields, key: string): string {
  const text = fields[key];
  if (typeof text === 'string' && text.trim() !== '') return text;
  throw invalidValue(`${key} should not be empty`);
}
