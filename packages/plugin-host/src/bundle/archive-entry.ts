import { type BundleLimits, Fault } from '@drover/model';
import type { Entry, LocalFileHeader } from 'yauzl';
import { entryName, quote } from './entry-name.js';

/** One checked file of the zip: where its bytes lie and what they must come to. */
export interface ArchiveEntry {
  name: string;
  deflated: boolean;
  crc32: number;
  size: number;
  packedSize: number;
  /** Offsets in the zip: of its local header, of its bytes, of what follows it. */
  start: number;
  dataStart: number;
  end: number;
}

const ENCRYPTED_FLAG = 0x1;
const STREAMED_FLAG = 0x8;
const STORED = 0;
const DEFLATED = 8;
const DOS_FOLDER = 0x10;
const FILE_TYPE_MASK = 0o170000;
const REGULAR_FILE = 0o100000;
const SYMLINK = 0o120000;
const UNICODE_PATH_FIELD = 0x7075;

/** Checks what the central directory says of an entry, before a byte of its content is read. Returns its name. */
export function checkEntry(entry: Entry, limits: BundleLimits): string {
  const name = entryName(entry.fileNameRaw, entry.generalPurposeBitFlag);
  checkKind(entry, name);
  if (entry.generalPurposeBitFlag & ENCRYPTED_FLAG) {
    throw new Fault('BUNDLE_ENCRYPTED', `The file ${quote(name)} is encrypted.`, { path: name });
  }
  if (entry.compressionMethod !== STORED && entry.compressionMethod !== DEFLATED) {
    throw new Fault(
      'BUNDLE_METHOD_UNSUPPORTED',
      `The file ${quote(name)} is compressed by method ${entry.compressionMethod}; only stored (0) and deflated (8) files are read.`,
      { path: name },
    );
  }
  if (entry.extraFields.some((field) => field.id === UNICODE_PATH_FIELD)) {
    throw new Fault('BUNDLE_HEADERS_DISAGREE', `The file ${quote(name)} carries a second name.`, {
      path: name,
    });
  }
  checkSizes(entry, name, limits);
  return name;
}

function checkKind(entry: Entry, name: string): void {
  const type = (entry.externalFileAttributes >>> 16) & FILE_TYPE_MASK;
  if (type === SYMLINK) {
    throw new Fault('BUNDLE_SYMLINK', `The entry ${quote(name)} is a symbolic link.`, { path: name });
  }
  if ((type !== 0 && type !== REGULAR_FILE) || entry.externalFileAttributes & DOS_FOLDER) {
    throw new Fault('BUNDLE_NOT_A_FILE', `The entry ${quote(name)} is a folder or a special file.`, {
      path: name,
    });
  }
}

function checkSizes(entry: Entry, name: string, limits: BundleLimits): void {
  const { uncompressedSize: size, compressedSize: packed } = entry;
  if (entry.compressionMethod === STORED && size !== packed) {
    throw new Fault(
      'BUNDLE_SIZE_MISMATCH',
      `The stored file ${quote(name)} declares ${packed} bytes in the zip and ${size} outside of it.`,
      { path: name },
    );
  }
  if (size > limits.fileBytes) {
    throw new Fault(
      'BUNDLE_FILE_TOO_LARGE',
      `The file ${quote(name)} has ${size} bytes; at most ${limits.fileBytes} are allowed.`,
      { path: name },
    );
  }
  if (size > packed * limits.ratio) {
    throw new Fault(
      'BUNDLE_RATIO_TOO_HIGH',
      `The file ${quote(name)} unpacks from ${packed} to ${size} bytes; at most ${limits.ratio} times as much is allowed.`,
      { path: name },
    );
  }
}

/** Joins an entry with its local header, which must say the same: readers differ in which of the two they believe. */
export function locateEntry(name: string, entry: Entry, local: LocalFileHeader): ArchiveEntry {
  const agree =
    local.fileName.equals(entry.fileNameRaw) &&
    local.compressionMethod === entry.compressionMethod &&
    local.generalPurposeBitFlag === entry.generalPurposeBitFlag &&
    local.crc32 === entry.crc32 &&
    local.compressedSize === entry.compressedSize &&
    local.uncompressedSize === entry.uncompressedSize;
  if (!agree) {
    const streamed = entry.generalPurposeBitFlag & STREAMED_FLAG;
    const hint = streamed ? ' It was written as a stream, which bundles may not be.' : '';
    throw new Fault(
      'BUNDLE_HEADERS_DISAGREE',
      `The zip describes the file ${quote(name)} in two ways that differ.${hint}`,
      { path: name },
    );
  }
  return {
    name,
    deflated: entry.compressionMethod === DEFLATED,
    crc32: entry.crc32,
    size: entry.uncompressedSize,
    packedSize: entry.compressedSize,
    start: entry.relativeOffsetOfLocalHeader,
    dataStart: local.fileDataStart,
    end: local.fileDataStart + entry.compressedSize,
  };
}
