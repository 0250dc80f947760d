import { createInterface } from 'node:readline/promises';
import type { CliStreams } from '../session.js';

/** Asks a yes-or-no question at the terminal; false when there is none to ask at. */
export async function confirm({ stdin, stderr }: CliStreams, question: string): Promise<boolean> {
  if (stdin.isTTY !== true || stderr.isTTY !== true) return false;
  const lines = createInterface({ input: stdin, output: stderr });
  try {
    return /^y(es)?$/i.test((await lines.question(`${question} [y/N] `)).trim());
  } finally {
    lines.close();
  }
}
