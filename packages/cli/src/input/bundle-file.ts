import { readWholeFile } from './read-input.js';

/** Far above what installing accepts: the bundle reader's own limits give the better answer. */
const MAX_ZIP_BYTES = 256 * 1024 * 1024;

/** The bytes of a bundle's zip. Fault `FILE_UNREADABLE`. */
export function readBundleFile(file: string): Promise<Buffer> {
  return readWholeFile(file, { maxBytes: MAX_ZIP_BYTES });
}
