import { existsSync, realpathSync } from 'node:fs';
import { findPackageJSON } from 'node:module';
import { dirname, join } from 'node:path';

/** A package of Drover that goes into each bundle, as it is installed beside this one. */
export interface DroverPackage {
  name: string;
  /** Its package folder. */
  root: string;
  /** Its modules: sources where they are at hand, else what was compiled and published. */
  modules: string;
}

/**
 * Finds a package of Drover from `base` (a file URL or path). The SDK is always the packer's own, so that a bundle's
 * bytes depend on the plugin and on the packer's version and not on what lies in a `node_modules` nearby. In Drover's
 * own repository that is the source: compiled files may be missing or out of date there.
 */
export function findDroverPackage(name: string, base: string): DroverPackage {
  // Throws for a package that is not installed; only Node's own modules have no package.json.
  const root = realpathSync(dirname(findPackageJSON(name, base)!));
  const source = join(root, 'src');
  return { name, root, modules: existsSync(join(source, 'index.ts')) ? source : join(root, 'dist') };
}

/** The package's module of an import such as `@drover/plugin-sdk/serve`, without an extension. */
export function moduleOf({ name, modules }: DroverPackage, specifier: string): string {
  return join(modules, specifier === name ? 'index' : specifier.slice(name.length + 1));
}
