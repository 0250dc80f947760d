import { readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { FaultRecord } from '@drover/model';
import { build, type BuildFailure, type Message, type Plugin } from 'esbuild';
import type { PluginSource } from './bundle-sources.js';
import type { VendorFolder } from './import-rules.js';
import { ModuleGraph, PASS_THROUGH } from './module-graph.js';
import type { SourceProblems } from './source-problems.js';

const ENTRY = 'drover-entry';

/**
 * Bundles the plugins of a vendor with the SDK into one ESM file that serves them. It stays readable, for those who look
 * before they install; its bytes do not depend on where the folder lies. What is wrong goes to `problems`.
 */
export async function bundleCode(
  vendor: VendorFolder,
  { plugins, problems }: { plugins: readonly PluginSource[]; problems: SourceProblems },
): Promise<Buffer | undefined> {
  try {
    const result = await build({
      entryPoints: [ENTRY],
      plugins: [droverModules(vendor, plugins)],
      absWorkingDir: vendor.folder,
      bundle: true,
      write: false,
      format: 'esm',
      platform: 'node',
      target: 'node24',
      charset: 'utf8',
      logLevel: 'silent',
      tsconfigRaw: '{}',
    });
    return Buffer.from(result.outputFiles[0]!.contents);
  } catch (error) {
    const { errors } = error as Partial<BuildFailure>;
    if (!Array.isArray(errors)) throw error;
    for (const message of errors) {
      if (message.text.startsWith('[plugin')) throw error;
      problems.addRecord(problemOf(message, plugins));
    }
    return undefined;
  }
}

/** The generated module that a bundle starts with. */
function entrySource(plugins: readonly PluginSource[]): string {
  const imports = plugins.map(({ entry }, at) => `import p${at} from ${JSON.stringify(`./${entry}`)};`);
  const served = plugins.map(({ id }, at) => `  ${JSON.stringify(id)}: p${at},`);
  return [
    `import { servePlugins } from '@drover/plugin-sdk/serve';`,
    ...imports,
    'servePlugins({',
    ...served,
    '});',
    '',
  ].join('\n');
}

function droverModules(vendor: VendorFolder, plugins: readonly PluginSource[]): Plugin {
  return {
    name: 'drover-modules',
    setup(pluginBuild) {
      const graph = new ModuleGraph(vendor, pluginBuild);
      pluginBuild.onResolve({ filter: /.*/ }, (args) => {
        if (args.pluginData === PASS_THROUGH) return undefined;
        if (args.kind === 'entry-point') return { path: ENTRY, namespace: 'entry' };
        return graph.resolve(args);
      });
      pluginBuild.onLoad({ filter: /.*/, namespace: 'entry' }, () => ({
        contents: entrySource(plugins),
        resolveDir: vendor.folder,
      }));
      pluginBuild.onLoad({ filter: /.*/ }, async ({ pluginData }) => ({
        contents: await readFile(pluginData.file),
        loader: graph.loaderOf(pluginData),
        resolveDir: dirname(pluginData.file),
        pluginData,
      }));
    },
  };
}

function problemOf({ text, location, detail }: Message, plugins: readonly PluginSource[]): FaultRecord {
  const code = detail === 'BUNDLE_IMPORT_REFUSED' ? detail : 'BUNDLE_SOURCE_INVALID';
  if (location === null) return { code, message: text };
  if (location.file === `entry:${ENTRY}`) {
    // The generated module imports each plugin in a line of its own, after that of the SDK.
    const path = plugins[location.line - 2]?.entry;
    return { code, message: 'There is no default export; it must be the definition of the plugin.', path };
  }
  const file = location.file.replace(/^bundle:/, '');
  return { code, message: text, path: `${file}:${location.line}:${location.column + 1}` };
}
