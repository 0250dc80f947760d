import { nearestName } from '@drover/model';
import { childPointer } from '../json/json-pointer.js';
import { isRecord, type JsonRecord, recordOf, textOf, textsOf } from '../json/json-shapes.js';
import { problem, type Problem } from '../json/problem.js';

/** The account has a base URL, and every way to authenticate names properties that the account has. */
export function lintConnection(manifest: JsonRecord): Problem[] {
  const connection = recordOf(manifest.connection);
  if (!isRecord(connection.schema)) return [];
  const properties = recordOf(connection.schema.properties);
  return [
    ...lintBaseUrl(connection.schema, properties),
    ...Object.entries(recordOf(connection.auth)).flatMap(([name, auth]) =>
      lintAuth(recordOf(auth), { properties, pointer: childPointer('/connection/auth', name) }),
    ),
  ];
}

function lintBaseUrl(schema: JsonRecord, properties: JsonRecord): Problem[] {
  const place = '/connection/schema/properties/baseUrl';
  if (!isRecord(properties.baseUrl)) {
    const message = 'Every connection has a “baseUrl”: declare it as a text with format “uri”.';
    return [problem('PROPERTY_MISSING', place, message)];
  }
  const problems: Problem[] = [];
  if (properties.baseUrl.type !== 'string' || properties.baseUrl.format !== 'uri') {
    problems.push(problem('VALUE_NOT_ALLOWED', place, '“baseUrl” must be a text with format “uri”.'));
  }
  if (properties.baseUrl['x-secret'] !== undefined) {
    problems.push(
      problem('VALUE_NOT_ALLOWED', `${place}/x-secret`, 'A base URL is no secret: take x-secret out.'),
    );
  }
  if (!textsOf(schema.required).includes('baseUrl')) {
    const message = 'Every connection has a “baseUrl”: name it here.';
    problems.push(problem('PROPERTY_MISSING', '/connection/schema/required', message));
  }
  return problems;
}

interface AuthPlace {
  properties: JsonRecord;
  pointer: string;
}

function lintAuth(auth: JsonRecord, { properties, pointer }: AuthPlace): Problem[] {
  return (['secret', 'username', 'clientId'] as const).flatMap((key) => {
    const name = textOf(auth[key]);
    if (name === undefined) return [];
    const path = childPointer(pointer, key);
    const wantsSecret = key === 'secret';
    const fitting = Object.keys(properties).filter((each) => isSecret(properties[each]) === wantsSecret);
    if (fitting.includes(name)) return [];
    const near = nearestName(name, fitting);
    const hint = near === undefined ? '' : ` Did you mean “${near}”?`;
    if (!Object.hasOwn(properties, name)) {
      const message = `connection.schema has no property “${name}”: declare it there.${hint}`;
      return [problem('CONNECTION_FIELD_UNKNOWN', path, message)];
    }
    const message = wantsSecret
      ? `“${name}” is not marked as a secret: give it "x-secret": true.${hint}`
      : `“${name}” is a secret and would be shown as a name: point to a property without x-secret.${hint}`;
    return [problem('CONNECTION_FIELD_UNKNOWN', path, message)];
  });
}

function isSecret(property: unknown): boolean {
  return recordOf(property)['x-secret'] === true;
}
