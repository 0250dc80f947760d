import type { CliStreams } from '../session.js';
import { Fault } from '@drover/model';

const MAX_SECRET_BYTES = 64 * 1024;

/** All of standard input as one secret, without the line break at its end. */
export async function secretFromStdin(stdin: CliStreams['stdin'], name: string): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of stdin) {
    const bytes = Buffer.from(chunk as Uint8Array);
    size += bytes.length;
    if (size > MAX_SECRET_BYTES) {
      throw new Fault('INVALID_ARGUMENT', `--secret-stdin ${name}: standard input is longer than 64 KiB.`);
    }
    chunks.push(bytes);
  }
  const secret = Buffer.concat(chunks)
    .toString('utf8')
    .replace(/\r?\n$/, '');
  if (secret === '') throw new Fault('INVALID_ARGUMENT', `--secret-stdin ${name}: standard input is empty.`);
  return secret;
}

/** Asks for a secret on the terminal and does not echo it. */
export async function promptSecret(
  streams: Pick<CliStreams, 'stdin' | 'stderr'>,
  question: string,
): Promise<string> {
  const { stdin, stderr } = streams;
  if (!stdin.isTTY || stdin.setRawMode === undefined) {
    throw new Fault(
      'SECRET_NEEDS_TERMINAL',
      `${question} can only be asked for on a terminal; use --secret-stdin NAME, or --secret NAME=env:VARIABLE or NAME=file:PATH.`,
    );
  }
  stderr.write(`${question}: `);
  stdin.setRawMode(true);
  try {
    return await readHiddenLine(stdin);
  } finally {
    stdin.setRawMode(false);
    stdin.pause();
    stderr.write('\n');
  }
}

const CTRL_C = '\u0003';
const CTRL_D = '\u0004';
const CTRL_U = '\u0015';
const BACKSPACES = new Set(['\u0008', '\u007f']);

function readHiddenLine(stdin: CliStreams['stdin']): Promise<string> {
  return new Promise((resolve, reject) => {
    let typed: string[] = [];
    function done(settle: () => void): void {
      stdin.off('data', onData);
      stdin.off('end', onEnd);
      settle();
    }
    function onEnd(): void {
      done(() => reject(new Fault('INTERRUPTED', 'The input ended before the secret was given.')));
    }
    function onData(chunk: Buffer | string): void {
      for (const key of chunk.toString('utf8')) {
        if (key === '\r' || key === '\n' || key === CTRL_D) return done(() => resolve(typed.join('')));
        if (key === CTRL_C) return done(() => reject(new Fault('INTERRUPTED', 'No secret was given.')));
        if (key === CTRL_U) typed = [];
        else if (BACKSPACES.has(key)) typed.pop();
        else if (key >= ' ') typed.push(key);
      }
    }
    stdin.on('data', onData);
    stdin.on('end', onEnd);
    stdin.resume();
  });
}
