import { createHash } from 'node:crypto';
import {
  BUNDLE_FILES,
  bundledManifestPath,
  bundledPluginId,
  bundledReadmePath,
  type BundleManifest,
  type PluginManifest,
  WIRE_PROTOCOL,
} from '@drover/model';
import { type RawEntry, writeRawZip } from './raw-zip.js';

/** A `bundle.json` that passes every check, of an invented vendor. */
export function goodBundleManifest(changes: Partial<BundleManifest> = {}): BundleManifest {
  return {
    name: 'acme',
    version: '1.0.0',
    title: 'Acme',
    vendor: 'Acme',
    description: 'Tags hosts at Acme.',
    supportTier: 'community',
    license: 'Apache-2.0',
    plugins: ['tag-host', 'untag-host'],
    ...changes,
  };
}

/** A `plugin.json` that passes every check, for a folder of that bundle. */
export function goodPluginManifest(folder: string, changes: Partial<PluginManifest> = {}): PluginManifest {
  return {
    id: bundledPluginId(goodBundleManifest(), folder),
    version: '1.0.0',
    name: `Acme ${folder}`,
    description: 'Sets or removes a tag on a host.',
    vendor: 'Acme',
    kind: 'action',
    engines: { drover: '>=0.1.0 <99.0.0' },
    protocol: WIRE_PROTOCOL,
    accepts: [{ type: 'indicator', subtypes: ['FQDN'] }],
    connection: {
      schema: {
        type: 'object',
        additionalProperties: false,
        required: ['baseUrl', 'token'],
        properties: {
          baseUrl: {
            type: 'string',
            title: 'Base URL',
            description: 'Where the account lives.',
            format: 'uri',
            default: 'https://api.example.com',
          },
          token: { type: 'string', title: 'Token', description: 'API token.', 'x-secret': true },
        },
      },
      auth: { default: { type: 'header', name: 'authorization', prefix: 'Bearer ', secret: 'token' } },
    },
    config: {
      type: 'object',
      additionalProperties: false,
      properties: {
        tag: {
          type: 'string',
          title: 'Tag',
          description: 'Name of the tag.',
          maxLength: 100,
          default: 'drover',
        },
      },
    },
    calls: [
      {
        name: 'setTag',
        method: 'POST',
        path: '/v1/tags',
        purpose: 'setting the tag',
        effect: 'write',
        delivery: 'repeatable',
        blastRadius: 'The tag is seen by everybody who works with the host.',
      },
    ],
    limits: { objectsPerRun: { default: 1000, max: 100_000 }, batch: { objects: 100 } },
    triggers: ['manual', 'api'],
    ...changes,
  };
}

/** The files of a good bundle by name, `files.json` left out: `withFileList` adds it. */
export function goodBundleFiles(
  bundle: BundleManifest = goodBundleManifest(),
  plugins: PluginManifest[] = bundle.plugins.map((folder) => goodPluginManifest(folder)),
): RawEntry[] {
  const files: Record<string, string> = {
    [BUNDLE_FILES.manifest]: JSON.stringify(bundle, null, 2),
    [BUNDLE_FILES.code]: 'export {};\n',
    [BUNDLE_FILES.changelog]: '# Changelog\n\n## 1.0.0\n\nFirst version.\n',
    [BUNDLE_FILES.license]: 'Apache License 2.0\n',
  };
  for (const plugin of plugins) {
    files[bundledManifestPath(plugin.id)] = JSON.stringify(plugin, null, 2);
    files[bundledReadmePath(plugin.id)] = `# ${plugin.name}\n`;
  }
  return Object.entries(files).map(([name, text]) => ({ name, content: Buffer.from(text) }));
}

/** The files with a `files.json` that is true of them, in place of any that was there. */
export function withFileList(entries: readonly RawEntry[]): RawEntry[] {
  const others = entries.filter((entry) => entry.name !== BUNDLE_FILES.list);
  const files = Object.fromEntries(
    others.map(({ name, content }) => [name, createHash('sha256').update(content).digest('hex')]),
  );
  return [...others, { name: BUNDLE_FILES.list, content: Buffer.from(JSON.stringify({ files }, null, 2)) }];
}

/** A good bundle's zip. */
export function goodBundle(changes: { bundle?: BundleManifest; plugins?: PluginManifest[] } = {}): Buffer {
  return writeRawZip(withFileList(goodBundleFiles(changes.bundle, changes.plugins)));
}
