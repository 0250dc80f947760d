import { promisify } from 'node:util';
import { crc32, inflateRaw, type InflateRaw, type ZlibOptions } from 'node:zlib';
import { type BundleLimits, Fault } from '@drover/model';
import yauzl, { type Entry, type ZipFile } from 'yauzl';
import { type ArchiveEntry, checkEntry, locateEntry } from './archive-entry.js';
import { checkBytesAccounted, readTrailer } from './archive-bytes.js';
import { foldedName, quote } from './entry-name.js';

/** The files of a zip that has passed every check of its container. Contents are checked as they are read. */
export class ZipArchive {
  private constructor(
    private readonly zip: Buffer,
    private readonly entries: ReadonlyMap<string, ArchiveEntry>,
  ) {}

  /**
   * Reads the directory of the zip and nothing else. Refuses what a strict reader could take for something else than a
   * loose one: see the table of `docs/bundles.md`.
   */
  static async open(zip: Buffer, limits: BundleLimits): Promise<ZipArchive> {
    if (zip.length > limits.zipBytes) {
      throw new Fault(
        'BUNDLE_TOO_LARGE',
        `The bundle has ${zip.length} bytes; at most ${limits.zipBytes} are allowed.`,
      );
    }
    const file = await openZip(zip);
    const trailer = readTrailer(zip);
    if (file.entryCount > limits.files) {
      throw new Fault(
        'BUNDLE_TOO_MANY_FILES',
        `The bundle has ${file.entryCount} entries; at most ${limits.files} are allowed.`,
      );
    }
    const directory = await readDirectory(file, limits);
    const entries = new Map<string, ArchiveEntry>();
    for (const { name, entry } of directory) {
      const local = await readable(() => file.readLocalFileHeaderPromise(entry));
      entries.set(name, locateEntry(name, entry, local));
    }
    checkBytesAccounted([...entries.values()], directory, trailer);
    return new ZipArchive(zip, entries);
  }

  /** In the order of the zip's directory. */
  get names(): string[] {
    return [...this.entries.keys()];
  }

  has(name: string): boolean {
    return this.entries.has(name);
  }

  /** The content of a file that the archive has; its size and checksum are verified. */
  async read(name: string): Promise<Buffer> {
    const entry = this.entries.get(name);
    if (entry === undefined) throw new Fault('BUNDLE_FILE_MISSING', `The bundle has no file ${quote(name)}.`);
    const packed = this.zip.subarray(entry.dataStart, entry.end);
    const content = entry.deflated ? await inflate(packed, entry) : packed;
    if (content.length !== entry.size) throw sizeMismatch(entry);
    if (crc32(content) !== entry.crc32) {
      throw new Fault('BUNDLE_FILE_DAMAGED', `The checksum of the file ${quote(name)} is wrong.`, {
        path: name,
      });
    }
    return content;
  }
}

async function openZip(zip: Buffer): Promise<ZipFile> {
  return readable(() =>
    // Names come raw and sizes unchecked, because this module checks both and says what is wrong with its own codes.
    yauzl.fromBufferPromise(zip, { decodeStrings: false, validateEntrySizes: false }),
  );
}

async function readDirectory(file: ZipFile, limits: BundleLimits): Promise<{ name: string; entry: Entry }[]> {
  const found: { name: string; entry: Entry }[] = [];
  const taken = new Map<string, string>();
  let total = 0;
  const entries = file.eachEntry();
  for (;;) {
    const step = await readable(() => entries.next());
    if (step.done === true) return found;
    const entry = step.value;
    const name = checkEntry(entry, limits);
    const twin = taken.get(foldedName(name));
    if (twin !== undefined) {
      throw new Fault(
        'BUNDLE_NAME_DUPLICATE',
        `The entries ${quote(twin)} and ${quote(name)} are one file to some file systems.`,
        { path: name },
      );
    }
    taken.set(foldedName(name), name);
    total += entry.uncompressedSize;
    if (total > limits.totalBytes) {
      throw new Fault(
        'BUNDLE_TOTAL_TOO_LARGE',
        `The files of the bundle have more than ${limits.totalBytes} bytes in all.`,
      );
    }
    found.push({ name, entry });
  }
}

/** What yauzl cannot read is not a zip to us. */
async function readable<T>(read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (cause) {
    const told = String((cause as { message?: unknown }).message).replace(/\.$/, '');
    throw new Fault('BUNDLE_UNREADABLE', `The bundle is not a readable zip: ${told}.`, { cause });
  }
}

interface Inflated {
  buffer: Buffer;
  engine: InflateRaw & { bytesWritten: number };
}

const inflateWithInfo = promisify(
  inflateRaw as unknown as (
    packed: Buffer,
    options: ZlibOptions,
    done: (error: Error | null, result: Inflated) => void,
  ) => void,
);

/** Unpacks at most the declared size: a file that declares less than it holds costs no more than it declared. */
async function inflate(packed: Buffer, entry: ArchiveEntry): Promise<Buffer> {
  try {
    const options = { maxOutputLength: Math.max(1, entry.size), info: true };
    const { buffer, engine } = await inflateWithInfo(packed, options);
    if (engine.bytesWritten !== packed.length) throw sizeMismatch(entry);
    return buffer;
  } catch (cause) {
    const { code } = cause as { code?: string };
    if (code === 'BUNDLE_SIZE_MISMATCH') throw cause;
    if (code === 'ERR_BUFFER_TOO_LARGE') throw sizeMismatch(entry, cause);
    throw new Fault('BUNDLE_FILE_DAMAGED', `The file ${quote(entry.name)} cannot be unpacked.`, {
      path: entry.name,
      cause,
    });
  }
}

function sizeMismatch(entry: ArchiveEntry, cause?: unknown): Fault {
  return new Fault(
    'BUNDLE_SIZE_MISMATCH',
    `The file ${quote(entry.name)} is not ${entry.size} bytes long, as the zip says.`,
    { path: entry.name, cause },
  );
}
