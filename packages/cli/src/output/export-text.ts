import { pipeline } from 'node:stream/promises';
import type { CommandResult, Session } from '../session.js';
import { writeOutput } from './output-file.js';

/** Writes chunks of text to a file, or to stdout, at the pace at which it takes them. */
export async function exportText(
  session: Session,
  chunks: AsyncIterable<string>,
  { output }: { output?: string },
): Promise<CommandResult | undefined> {
  if (output === undefined) {
    await pipeline(chunks, session.streams.stdout, { end: false });
    return undefined;
  }
  let lines = 0;
  async function* counted(): AsyncIterable<string> {
    for await (const chunk of chunks) {
      for (const character of chunk) if (character === '\n') lines += 1;
      yield chunk;
    }
  }
  await writeOutput(output, counted());
  return { document: { file: output, lines }, text: `Wrote ${lines} lines to ${output}.` };
}
