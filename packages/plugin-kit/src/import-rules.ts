import { isBuiltin } from 'node:module';
import { dirname, join, relative, sep } from 'node:path';

/** A vendor's folder: one folder per plugin, and `client/` with the vendor's calls. */
export interface VendorFolder {
  /** Its real path. */
  folder: string;
  /** Package name of the client, such as `@drover-plugins/netskope-client`; absent without `client/package.json`. */
  client?: string;
}

const CLIENT = 'client';
const SDK = '@drover/plugin-sdk';

/**
 * Why a module of a plugin may not import something, as one sentence; `undefined` when it may. Allowed are the SDK, files
 * of the same plugin, and the client of the same vendor.
 */
export function refuseImport(
  specifier: string,
  { importer, vendor }: { importer: string; vendor: VendorFolder },
): string | undefined {
  const owner = ownerOf(importer, vendor);
  if (specifier.startsWith('./') || specifier.startsWith('../')) {
    const target = ownerOf(join(dirname(importer), specifier), vendor);
    if (target === owner || target === CLIENT) return undefined;
    return target === '..'
      ? `The import of ${quote(specifier)} leaves the vendor's folder.`
      : `The import of ${quote(specifier)} reaches into ${target}/; only the same plugin and client/ are allowed.`;
  }
  if (specifier === SDK || isOf(specifier, vendor.client)) return undefined;
  if (isBuiltin(specifier)) {
    return `The import of ${quote(specifier)} is not allowed: plugins have no Node modules, vendor calls go through context.call.`;
  }
  if (specifier.startsWith('@drover/')) {
    return `The import of ${quote(specifier)} is not allowed: what plugins may use is exported by ${SDK} itself.`;
  }
  return `The import of ${quote(specifier)} is not allowed: plugins import only ${SDK} and their vendor's client.`;
}

/** The first folder on the way to a file, `..` for a file outside. */
function ownerOf(file: string, { folder }: VendorFolder): string {
  return relative(folder, file).split(sep)[0]!;
}

function isOf(specifier: string, packageName: string | undefined): boolean {
  return packageName !== undefined && (specifier === packageName || specifier.startsWith(`${packageName}/`));
}

function quote(specifier: string): string {
  return JSON.stringify(specifier);
}
