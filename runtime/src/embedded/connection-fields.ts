import type { ConnectionField } from '@drover/engine';
import type { PluginManifest } from '@drover/model';

interface Property {
  title?: string;
  description?: string;
  type?: string;
  'x-secret'?: boolean;
}

/**
 * The fields of a vendor's account, as its plugins declare them; of fields of one name the first plugin's word counts.
 * What the account authenticates with is required, whatever the schema says.
 */
export function connectionFields(manifests: readonly PluginManifest[]): ConnectionField[] {
  const fields = new Map<string, ConnectionField>();
  for (const { connection } of manifests) {
    const properties = (connection.schema['properties'] ?? {}) as Record<string, Property>;
    const required = [
      ...((connection.schema['required'] ?? []) as string[]),
      ...Object.values(connection.auth).flatMap((auth) => ('secret' in auth ? [auth.secret] : [])),
    ];
    for (const [name, property] of Object.entries(properties)) {
      if (fields.has(name)) continue;
      fields.set(name, {
        name,
        title: property.title ?? name,
        description: property.description ?? '',
        type: property.type ?? 'string',
        required: required.includes(name),
        secret: property['x-secret'] === true,
      });
    }
  }
  return [...fields.values()];
}
