import type { ConnectionField, SecretInput } from '@drover/engine';
import { Fault } from '@drover/model';
import type { Session } from '../session.js';
import { promptSecret, secretFromStdin } from './read-secret.js';

export interface SecretOptions {
  /** `NAME=env:VARIABLE`, `NAME=file:PATH`, or `NAME` to be asked. */
  secret?: string[];
  /** Name of the secret that standard input holds. */
  secretStdin?: string;
}

/** The secrets that the options give; those asked for are typed on the terminal. */
export async function readSecrets(
  session: Session,
  options: SecretOptions,
  fields: readonly ConnectionField[],
): Promise<Record<string, SecretInput>> {
  const secrets: Record<string, SecretInput> = {};
  const asked: string[] = [];
  for (const given of options.secret ?? []) {
    const at = given.indexOf('=');
    const name = at < 0 ? given : given.slice(0, at);
    checkSecretName(name, fields);
    if (at < 0) asked.push(name);
    else secrets[name] = reference(name, given.slice(at + 1));
  }
  if (options.secretStdin !== undefined) {
    checkSecretName(options.secretStdin, fields);
    secrets[options.secretStdin] = {
      value: await secretFromStdin(session.streams.stdin, options.secretStdin),
    };
  }
  for (const name of asked) secrets[name] = { value: await ask(session, name, fields) };
  return secrets;
}

/** Asks on a terminal for the required secrets that are not given; elsewhere the check of the whole tells. */
export async function askMissingSecrets(
  session: Session,
  given: Record<string, SecretInput>,
  fields: readonly ConnectionField[],
): Promise<Record<string, SecretInput>> {
  const secrets = { ...given };
  if (!session.streams.stdin.isTTY) return secrets;
  for (const field of fields) {
    if (!field.secret || !field.required || secrets[field.name] !== undefined) continue;
    const value = await promptSecret(session.streams, `${field.title} (empty: none)`);
    if (value !== '') secrets[field.name] = { value };
  }
  return secrets;
}

/** Refuses settings that carry a secret in the open: the process list and the shell's history would hold it. */
export function refuseOpenSecrets(names: readonly string[], fields: readonly ConnectionField[]): void {
  const open = names.find((name) => fields.some((field) => field.secret && field.name === name));
  if (open !== undefined) throw secretInArgv(`"${open}" is a secret and cannot be given with --set`, open);
}

/** Refuses a proxy URL with a password in it. */
export function refuseProxyPassword(proxy: string | undefined): void {
  if (proxy === undefined || !URL.canParse(proxy) || new URL(proxy).password === '') return;
  throw new Fault(
    'SECRET_IN_ARGV',
    'The --proxy URL holds a password, which the process list and the shell’s history would show; use --proxy system with HTTPS_PROXY in the environment.',
  );
}

function reference(name: string, text: string): SecretInput {
  const [, kind, place] = /^(env|file):(.+)$/s.exec(text) ?? [];
  if (kind === 'env') return { env: place! };
  if (kind === 'file') return { file: place! };
  throw secretInArgv(`--secret ${name}=… takes a reference, never the value`, name);
}

function secretInArgv(what: string, name: string): Fault {
  return new Fault(
    'SECRET_IN_ARGV',
    `${what}: the process list and the shell’s history would show it; use --secret ${name} to be asked, --secret-stdin ${name}, --secret ${name}=env:VARIABLE or --secret ${name}=file:PATH.`,
  );
}

function checkSecretName(name: string, fields: readonly ConnectionField[]): void {
  const secrets = fields.filter((field) => field.secret).map((field) => field.name);
  if (secrets.includes(name)) return;
  throw new Fault(
    'INVALID_ARGUMENT',
    `There is no secret of that name on this vendor’s connections; known: ${secrets.join(', ') || 'none'}.`,
  );
}

async function ask(session: Session, name: string, fields: readonly ConnectionField[]): Promise<string> {
  const title = fields.find((field) => field.name === name)?.title ?? name;
  const secret = await promptSecret(session.streams, title);
  if (secret === '') throw new Fault('INVALID_ARGUMENT', `${title}: nothing was typed.`);
  return secret;
}
