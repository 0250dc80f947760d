import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { BUNDLE_LIMITS, isFault } from '@drover/model';
import type { SourceProblems } from './source-problems.js';

export async function isFile(path: string): Promise<boolean> {
  return stat(path).then(
    (stats) => stats.isFile(),
    () => false,
  );
}

/** Reads files of the vendor's folder and keeps them for the zip. */
export class SourceReader {
  readonly files = new Map<string, Buffer>();

  constructor(
    readonly folder: string,
    readonly problems: SourceProblems,
  ) {}

  async bytes(file: string, zipPath: string): Promise<Buffer | undefined> {
    const path = join(this.folder, file);
    if (!(await isFile(path))) {
      this.problems.add(file, 'The file is missing.');
      return undefined;
    }
    const content = await readFile(path);
    this.files.set(zipPath, content);
    return content;
  }

  /** Line ends become `\n`, so that a checkout on Windows packs the same bytes. */
  async text(file: string, zipPath: string): Promise<string | undefined> {
    const content = await this.bytes(file, zipPath);
    if (content === undefined) return undefined;
    const text = content.toString('utf8').replaceAll('\r\n', '\n');
    this.files.set(zipPath, Buffer.from(text));
    return text;
  }

  async json<T>(file: string, zipPath: string, parse: (json: unknown) => T): Promise<T | undefined> {
    const text = await this.text(file, zipPath);
    if (text === undefined) return undefined;
    if (text.length > BUNDLE_LIMITS.jsonBytes) {
      this.problems.add(file, `The file is larger than ${BUNDLE_LIMITS.jsonBytes} bytes.`);
      return undefined;
    }
    let json: unknown;
    try {
      json = JSON.parse(text);
    } catch (error) {
      this.problems.add(file, `The file is not JSON: ${(error as Error).message}.`);
      return undefined;
    }
    try {
      return parse(json);
    } catch (error) {
      if (!isFault(error)) throw error;
      this.problems.addFault(file, error);
      return undefined;
    }
  }
}
