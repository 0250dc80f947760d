import { Fault } from '@drover/model';
import { readWholeFile } from './read-input.js';

const MAX_JSON_BYTES = 4 * 1024 * 1024;

/** A JSON object given as text, or as `@FILE`. `flag` names it in refusals. */
export async function jsonObjectArgument(
  text: string,
  { flag }: { flag: string },
): Promise<Record<string, unknown>> {
  const fromFile = text.startsWith('@');
  const source = fromFile
    ? (await readWholeFile(text.slice(1), { maxBytes: MAX_JSON_BYTES })).toString('utf8')
    : text;
  const where = fromFile ? ` in ${text.slice(1)}` : '';
  let parsed: unknown;
  try {
    parsed = JSON.parse(source);
  } catch (error) {
    throw new Fault('INVALID_ARGUMENT', `${flag}${where} is not JSON: ${(error as Error).message}.`, {
      cause: error,
    });
  }
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) {
    throw new Fault('INVALID_ARGUMENT', `${flag}${where} must be a JSON object, such as '{"key": "value"}'.`);
  }
  return parsed as Record<string, unknown>;
}
