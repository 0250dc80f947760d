import type { Connection, SealedRecord, SecretCipher, SecretInput } from '@drover/engine';
import { Fault, MIN_SECRET_LENGTH } from '@drover/model';
import type { SecretSources } from './secret-sources.js';

const MAX_FILE_BYTES = 64 * 1024;

/** The column `secrets`: how each field is held, in the open, and what it is or refers to, encrypted. */
export interface HeldSecrets {
  held: Connection['secrets'];
  sealed: SealedRecord;
}

export type SecretInputs = Record<string, SecretInput>;

/** Throws `SECRET_TOO_SHORT` or `INVALID_ARGUMENT`, naming the field and never the value. */
export function checkSecret(field: string, input: SecretInput): void {
  const path = `/secrets/${field}`;
  if ('value' in input) return refuseShort(field, input.value);
  const [kind, reference] = 'env' in input ? ['environment variable', input.env] : ['file', input.file];
  if (reference.trim() !== '' && !reference.includes('\0')) return;
  throw new Fault(
    'INVALID_ARGUMENT',
    `The secret ${field} names no ${kind}; give its name after the colon.`,
    { path },
  );
}

export function sealSecrets(inputs: SecretInputs, identity: string, cipher: SecretCipher): HeldSecrets {
  const held = Object.entries(inputs).map(([field, input]) => [field, howHeld(input)]);
  return {
    held: Object.fromEntries(held) as Connection['secrets'],
    sealed: cipher.seal(JSON.stringify(inputs), identity),
  };
}

/** Faults: `KEY_UNKNOWN`, `SECRET_UNREADABLE`. */
export function openSecrets({ sealed }: HeldSecrets, identity: string, cipher: SecretCipher): SecretInputs {
  return JSON.parse(cipher.open(sealed, identity)) as SecretInputs;
}

/** The secrets in the clear, each reference read now. Faults: `SECRET_UNREADABLE`, `SECRET_TOO_SHORT`. */
export async function resolveSecrets(
  inputs: SecretInputs,
  sources: SecretSources,
): Promise<Record<string, string>> {
  const resolved = Object.entries(inputs).map(async ([field, input]) => {
    const value = await resolve(field, input, sources);
    refuseShort(field, value);
    return [field, value] as const;
  });
  return Object.fromEntries(await Promise.all(resolved));
}

async function resolve(field: string, input: SecretInput, { env, readFile }: SecretSources): Promise<string> {
  if ('value' in input) return input.value;
  if ('env' in input) {
    const value = env[input.env];
    if (value !== undefined && value !== '') return value;
    throw unreadable(
      field,
      `the environment variable ${input.env} is not set; set it where the runtime starts.`,
    );
  }
  try {
    return (await readFile(input.file, { maxBytes: MAX_FILE_BYTES })).replace(/\r?\n$/, '');
  } catch (problem) {
    const { code, message } = problem as NodeJS.ErrnoException;
    throw unreadable(field, `the file ${input.file} cannot be read (${code ?? message}).`);
  }
}

function unreadable(field: string, problem: string): Fault {
  return new Fault('SECRET_UNREADABLE', `The secret ${field} is not there: ${problem}`, {
    path: `/secrets/${field}`,
  });
}

function refuseShort(field: string, value: string): void {
  if (value.length >= MIN_SECRET_LENGTH) return;
  throw new Fault(
    'SECRET_TOO_SHORT',
    `The secret ${field} has under ${MIN_SECRET_LENGTH} characters and cannot be kept out of logs and answers; use a longer one.`,
    { path: `/secrets/${field}` },
  );
}

function howHeld(input: SecretInput): Connection['secrets'][string] {
  if ('value' in input) return 'stored';
  return 'env' in input ? `env:${input.env}` : `file:${input.file}`;
}
