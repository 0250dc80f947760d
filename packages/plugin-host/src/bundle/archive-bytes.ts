import { Fault } from '@drover/model';
import type { Entry } from 'yauzl';
import type { ArchiveEntry } from './archive-entry.js';
import { quote } from './entry-name.js';

const TRAILER_BYTES = 22;
const ZIP64_LOCATOR_BYTES = 20;
const ZIP64_LOCATOR_SIGNATURE = 0x07064b50;
const DIRECTORY_ENTRY_BYTES = 46;

/** Where the zip's directory lies, by the record at its very end. */
export interface Trailer {
  directoryStart: number;
  directoryEnd: number;
}

/**
 * Reads the end record of a zip that yauzl has opened. It must be the last bytes of the file: a comment could hold a
 * second directory, and zip64 has no use below 4 GiB.
 */
export function readTrailer(zip: Buffer): Trailer {
  const start = zip.length - TRAILER_BYTES;
  if (zip.readUInt16LE(start + 20) !== 0 || zip.readUInt32LE(start) !== 0x06054b50) {
    throw new Fault('BUNDLE_STRAY_BYTES', 'The zip carries a comment; a bundle has none.');
  }
  const locator = start - ZIP64_LOCATOR_BYTES;
  if (locator >= 0 && zip.readUInt32LE(locator) === ZIP64_LOCATOR_SIGNATURE) {
    throw new Fault('BUNDLE_UNREADABLE', 'The bundle is a zip64 file, which bundles may not be.');
  }
  return { directoryStart: zip.readUInt32LE(start + 16), directoryEnd: start };
}

/** Every byte of the zip belongs to exactly one file, to the directory or to the end record. */
export function checkBytesAccounted(
  entries: readonly ArchiveEntry[],
  directory: readonly { entry: Entry }[],
  trailer: Trailer,
): void {
  let at = 0;
  for (const entry of entries.toSorted((left, right) => left.start - right.start)) {
    if (entry.start < at) {
      throw new Fault('BUNDLE_OVERLAP', `The file ${quote(entry.name)} shares bytes with another one.`, {
        path: entry.name,
      });
    }
    if (entry.start > at) throw strayBytes(at, entry.start);
    at = entry.end;
  }
  if (at > trailer.directoryStart) {
    throw new Fault('BUNDLE_OVERLAP', 'The last file of the zip shares bytes with its directory.');
  }
  if (at < trailer.directoryStart) throw strayBytes(at, trailer.directoryStart);
  const directoryEnd = trailer.directoryStart + sum(directory.map(({ entry }) => directoryBytes(entry)));
  if (directoryEnd !== trailer.directoryEnd) throw strayBytes(directoryEnd, trailer.directoryEnd);
}

function directoryBytes(entry: Entry): number {
  return DIRECTORY_ENTRY_BYTES + entry.fileNameLength + entry.extraFieldLength + entry.fileCommentLength;
}

function sum(sizes: readonly number[]): number {
  return sizes.reduce((total, size) => total + size, 0);
}

function strayBytes(from: number, to: number): Fault {
  return new Fault(
    'BUNDLE_STRAY_BYTES',
    `The bytes ${from} to ${to} of the zip belong to no file of the bundle.`,
  );
}
