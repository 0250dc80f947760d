import { crc32, deflateRawSync } from 'node:zlib';

/** What a zip says of a file, in its local header and again in its directory. */
export interface RawHeader {
  name: Buffer;
  flags: number;
  method: number;
  crc32: number;
  packedSize: number;
  size: number;
  extra: Buffer;
  /** Directory only: the Unix mode is its upper half. */
  externalAttributes: number;
}

/** A file of a zip that is written as told, however wrong that is. */
export interface RawEntry {
  name: string;
  content: Buffer;
  deflate?: boolean;
  /** Fields in which the local header departs from the truth. */
  local?: Partial<RawHeader>;
  /** Fields in which the directory departs from the truth. */
  central?: Partial<RawHeader>;
  /** Bytes that lie before its local header and belong to nothing. */
  gap?: Buffer;
  /** Its local header and bytes are the content of this other (stored) entry, which must come before it. */
  inside?: string;
}

export interface RawZipOptions {
  comment?: string;
}

const UTF8_FLAG = 0x800;
const REGULAR_FILE = (0o100644 << 16) >>> 0;
const DOS_1980_01_01 = 0x21;

/** Writes a zip without looking at what it writes, for tests of readers: packing libraries refuse to write bad ones. */
export function writeRawZip(entries: readonly RawEntry[], options: RawZipOptions = {}): Buffer {
  const nested = nest(entries);
  const parts: Buffer[] = [];
  const dataStarts = new Map<string, number>();
  const directory: Buffer[] = [];
  let at = 0;
  for (const entry of nested) {
    const record = localRecord(entry);
    const within = entry.inside === undefined ? undefined : dataStarts.get(entry.inside);
    const offset = within ?? at + (entry.gap?.length ?? 0);
    if (within === undefined) {
      parts.push(entry.gap ?? Buffer.alloc(0), record.header, record.data);
      at = offset + record.header.length + record.data.length;
    }
    dataStarts.set(entry.name, offset + record.header.length);
    directory.push(centralRecord(entry, offset));
  }
  const central = Buffer.concat(directory);
  return Buffer.concat([...parts, central, endRecord(entries.length, central.length, at, options.comment)]);
}

/** Gives each entry that others lie inside of their bytes as its content. */
function nest(entries: readonly RawEntry[]): RawEntry[] {
  return entries.map((entry) => {
    const inner = entries.find((other) => other.inside === entry.name);
    if (inner === undefined) return entry;
    const { header, data } = localRecord(inner);
    return { ...entry, content: Buffer.concat([header, data]) };
  });
}

function truth(entry: RawEntry): { header: RawHeader; data: Buffer } {
  const data = entry.deflate ? deflateRawSync(entry.content, { level: 1 }) : entry.content;
  const name = Buffer.from(entry.name, 'utf8');
  const header: RawHeader = {
    name,
    flags: /^[\x20-\x7e]*$/.test(entry.name) ? 0 : UTF8_FLAG,
    method: entry.deflate ? 8 : 0,
    crc32: crc32(entry.content),
    packedSize: data.length,
    size: entry.content.length,
    extra: Buffer.alloc(0),
    externalAttributes: REGULAR_FILE,
  };
  return { header, data };
}

function localRecord(entry: RawEntry): { header: Buffer; data: Buffer } {
  const { header, data } = truth(entry);
  const said = { ...header, ...entry.local };
  const fixed = Buffer.alloc(30);
  fixed.writeUInt32LE(0x04034b50, 0);
  fixed.writeUInt16LE(20, 4);
  writeShared(fixed, said, 6);
  return { header: Buffer.concat([fixed, said.name, said.extra]), data };
}

function centralRecord(entry: RawEntry, offset: number): Buffer {
  const said = { ...truth(entry).header, ...entry.central };
  const fixed = Buffer.alloc(46);
  fixed.writeUInt32LE(0x02014b50, 0);
  fixed.writeUInt16LE((3 << 8) | 20, 4);
  fixed.writeUInt16LE(20, 6);
  writeShared(fixed, said, 8);
  fixed.writeUInt32LE(said.externalAttributes, 38);
  fixed.writeUInt32LE(offset, 42);
  return Buffer.concat([fixed, said.name, said.extra]);
}

/** The run of fields that both headers have, from the flags to the length of the extra field. */
function writeShared(into: Buffer, said: RawHeader, at: number): void {
  into.writeUInt16LE(said.flags, at);
  into.writeUInt16LE(said.method, at + 2);
  into.writeUInt16LE(0, at + 4);
  into.writeUInt16LE(DOS_1980_01_01, at + 6);
  into.writeUInt32LE(said.crc32, at + 8);
  into.writeUInt32LE(said.packedSize, at + 12);
  into.writeUInt32LE(said.size, at + 16);
  into.writeUInt16LE(said.name.length, at + 20);
  into.writeUInt16LE(said.extra.length, at + 22);
}

function endRecord(count: number, size: number, offset: number, comment = ''): Buffer {
  const record = Buffer.alloc(22);
  record.writeUInt32LE(0x06054b50, 0);
  record.writeUInt16LE(count, 8);
  record.writeUInt16LE(count, 10);
  record.writeUInt32LE(size, 12);
  record.writeUInt32LE(offset, 16);
  record.writeUInt16LE(comment.length, 20);
  return Buffer.concat([record, Buffer.from(comment, 'latin1')]);
}
