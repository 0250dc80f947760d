import { realpath } from 'node:fs/promises';
import { isBuiltin } from 'node:module';
import { dirname, extname, join, relative, sep } from 'node:path';
import type { Loader, OnResolveArgs, OnResolveResult, PluginBuild } from 'esbuild';
import { type DroverPackage, findDroverPackage, moduleOf } from './drover-package.js';
import { findSource } from './find-source.js';
import { refuseImport, type VendorFolder } from './import-rules.js';

/** Modules under names that do not depend on where they lie: of the vendor's folder, of Drover, of Drover's dependencies. */
type Namespace = 'bundle' | 'drover' | 'npm';

interface ModuleData {
  /** The real path of the module's file. */
  file: string;
  /** The package of Drover that it belongs to. */
  home?: DroverPackage;
}

const SDK = '@drover/plugin-sdk';
const LOADERS: Record<string, Loader> = {
  '.ts': 'ts',
  '.mts': 'ts',
  '.js': 'js',
  '.mjs': 'js',
  '.cjs': 'js',
  '.json': 'json',
};

/** Tells esbuild which file each import means, and refuses what a plugin may not import. */
export class ModuleGraph {
  private readonly sdk = findDroverPackage(SDK, import.meta.url);
  private readonly files = new Map<string, string>();

  constructor(
    private readonly vendor: VendorFolder,
    private readonly build: PluginBuild,
  ) {}

  async resolve(args: OnResolveArgs): Promise<OnResolveResult> {
    const importer = args.pluginData as ModuleData | undefined;
    if (args.namespace === 'entry') {
      if (args.path.startsWith('./')) return this.inBundle(join(this.vendor.folder, args.path));
      return this.inDrover(this.sdk, moduleOf(this.sdk, args.path));
    }
    if (importer === undefined) throw new Error(`esbuild lost the importer of ${args.path}.`);
    if (args.namespace === 'bundle') return this.fromBundle(args, importer);
    if (args.namespace === 'drover') return this.fromDrover(args, importer);
    return this.inNpm(args, importer);
  }

  loaderOf({ file }: ModuleData): Loader {
    return LOADERS[extname(file)] ?? 'default';
  }

  private async fromBundle(args: OnResolveArgs, importer: ModuleData): Promise<OnResolveResult> {
    const refusal = refuseImport(args.path, { importer: importer.file, vendor: this.vendor });
    if (refusal !== undefined) {
      return { errors: [{ text: refusal, detail: 'BUNDLE_IMPORT_REFUSED' satisfies string }] };
    }
    if (args.path === SDK) return this.inDrover(this.sdk, moduleOf(this.sdk, SDK));
    const { client, folder } = this.vendor;
    if (args.path.startsWith('.')) return this.inBundle(join(dirname(importer.file), args.path));
    const inside = args.path.slice(client!.length + 1) || 'index';
    return this.inBundle(join(folder, 'client', 'src', inside));
  }

  private async inBundle(path: string): Promise<OnResolveResult> {
    const found = await findSource(path);
    const file = found && (await realpath(found));
    const name = relative(this.vendor.folder, file ?? path);
    if (file === undefined) return { errors: [{ text: `There is no file ${posix(name)}.` }] };
    if (name.startsWith('..')) {
      return { errors: [{ text: `A symbolic link leads out of the vendor's folder to ${file}.` }] };
    }
    return this.module('bundle', posix(name), { file });
  }

  private async fromDrover(args: OnResolveArgs, { file, home }: ModuleData): Promise<OnResolveResult> {
    if (args.path.startsWith('.')) return this.inDrover(home!, join(dirname(file), args.path));
    if (!args.path.startsWith('@drover/')) return this.inNpm(args, { file });
    const name = args.path.split('/').slice(0, 2).join('/');
    const target = findDroverPackage(name, file);
    return this.inDrover(target, moduleOf(target, args.path));
  }

  private async inDrover(home: DroverPackage, path: string): Promise<OnResolveResult> {
    const found = await findSource(path);
    if (found === undefined) throw new Error(`${home.name} has no module ${relative(home.root, path)}.`);
    const file = await realpath(found);
    const name = `${home.name}/${posix(relative(home.modules, file))}`;
    return { ...this.module('drover', name, { file, home }), sideEffects: false };
  }

  /** Imports of Drover's own code and of its dependencies: where esbuild finds them. */
  private async inNpm(args: OnResolveArgs, { file }: ModuleData): Promise<OnResolveResult> {
    if (isBuiltin(args.path)) return { path: args.path, external: true };
    const found = await this.build.resolve(args.path, {
      kind: args.kind,
      resolveDir: dirname(file),
      pluginData: PASS_THROUGH,
    });
    if (found.errors.length > 0) return { errors: found.errors };
    const name = posix(found.path).split('/node_modules/').at(-1)!;
    return { ...this.module('npm', name, { file: found.path }), sideEffects: found.sideEffects };
  }

  private module(namespace: Namespace, path: string, pluginData: ModuleData): OnResolveResult {
    const known = this.files.get(`${namespace}:${path}`) ?? pluginData.file;
    if (known !== pluginData.file) throw new Error(`${known} and ${pluginData.file} are both ${path}.`);
    this.files.set(`${namespace}:${path}`, known);
    return { namespace, path, pluginData };
  }
}

/** Marks questions of this module to esbuild, which it then answers by itself. */
export const PASS_THROUGH = Symbol('pass through');

function posix(path: string): string {
  return path.split(sep).join('/');
}
