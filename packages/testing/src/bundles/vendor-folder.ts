import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { goodBundleManifest, goodPluginManifest } from './good-bundle.js';

/** The sources of an invented vendor's plugins, one in TypeScript and one in JavaScript, by their path. */
export function vendorFiles(): Record<string, string> {
  return {
    'bundle.json': pretty(goodBundleManifest()),
    'CHANGELOG.md': '# Changelog\n\n## 1.0.0\n\nFirst version.\n',
    LICENSE: 'Apache License 2.0\n',
    'client/package.json': pretty({ name: '@example/acme-client', version: '1.0.0', type: 'module' }),
    'client/src/index.ts': `import type { PluginContext } from '@drover/plugin-sdk';
export async function setTag(context: PluginContext, tag: string): Promise<void> {
  await context.call('setTag', { json: { tag } });
}
`,
    ...pluginFiles('tag-host', 'index.ts'),
    ...pluginFiles('untag-host', 'index.js'),
  };
}

function pluginFiles(name: string, module: string): Record<string, string> {
  return {
    [`${name}/plugin.json`]: pretty(goodPluginManifest(name)),
    [`${name}/package.json`]: pretty({ name: `@example/acme-${name}`, version: '1.0.0', type: 'module' }),
    [`${name}/README.md`]: `# ${name}\n`,
    [`${name}/src/${module}`]: `import { defineAction, succeeded } from '@drover/plugin-sdk';
import { setTag } from '@example/acme-client';
import { TAG } from './tag.js';

export default defineAction({
  async execute(batch, context) {
    await setTag(context, TAG);
    return batch.objects.map((object) => succeeded(object));
  },
});
`,
    [`${name}/src/tag.${module.slice(-2)}`]: `export const TAG = 'drover-${name}';\n`,
  };
}

/** Writes the vendor's sources into a folder. `changes` replaces files, or leaves out those that are `undefined`. */
export async function writeVendorFolder(
  folder: string,
  changes: Record<string, string | undefined> = {},
): Promise<void> {
  for (const [path, text] of Object.entries({ ...vendorFiles(), ...changes })) {
    if (text === undefined) continue;
    const file = join(folder, path);
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, text);
  }
}

function pretty(json: unknown): string {
  return `${JSON.stringify(json, null, 2)}\n`;
}
