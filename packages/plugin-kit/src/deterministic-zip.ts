import { buffer } from 'node:stream/consumers';
import type { Readable } from 'node:stream';
import { ZipFile } from 'yazl';

/** DOS times are local: this one is the same digits in every time zone. */
const MODIFIED = new Date(1980, 0, 1);
const MODE = 0o100644;

/**
 * A zip whose bytes depend on the names and contents of its files alone: not on their order here, the clock, the time
 * zone, or a version of zlib.
 */
export async function deterministicZip(files: ReadonlyMap<string, Buffer>): Promise<Buffer> {
  const zip = new ZipFile();
  for (const name of [...files.keys()].toSorted(byCodeUnit)) {
    zip.addBuffer(files.get(name)!, name, {
      mtime: MODIFIED,
      mode: MODE,
      forceDosTimestamp: true,
      compress: false,
    });
  }
  zip.end();
  return buffer(zip.outputStream as Readable);
}

/** Sorts texts the same way under every locale. */
export function byCodeUnit(left: string, right: string): number {
  return left < right ? -1 : left > right ? 1 : 0;
}
