import { execFileSync } from 'node:child_process';
import {
  appendFileSync,
  chmodSync,
  chownSync,
  existsSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import type { PostgresBinaries } from '@drover/testing';
import { ServerProcess } from './server-process.js';

const VARIABLES = ['POSTGRES_USER', 'POSTGRES_DB', 'POSTGRES_PASSWORD_FILE', 'POSTGRES_INITDB_ARGS'] as const;
type Variables = Record<(typeof VARIABLES)[number], string>;

/** What the entrypoint finds in its container. */
export interface PostgresContainer {
  environment: Record<string, string>;
  /** What stands for `/var/lib/postgresql/data`. */
  data: string;
  /** What stands for `/var/run/postgresql`. */
  sockets: string;
  port: number;
  binaries: PostgresBinaries;
}

/**
 * What the entrypoint of the image `postgres` does: it sets a database up where the data folder is empty, and becomes the
 * command. It takes the variables of the compose file and no others, so that none is left untried.
 */
export function enterPostgres(command: readonly string[], container: PostgresContainer): ServerProcess {
  const { data, sockets, binaries } = container;
  const variables = readVariables(container.environment);
  const [program, ...argv] = command;
  if (program !== 'postgres') throw new Error(`The image postgres sets no database up for ${program}.`);
  own(sockets, 0o775, binaries);
  own(data, 0o700, binaries);
  if (!existsSync(join(data, 'PG_VERSION'))) setUp(variables, container);
  return new ServerProcess([join(binaries.folder, program), ...argv], processOptions(container));
}

function readVariables(environment: Record<string, string>): Variables {
  const names = Object.keys(environment);
  if (names.toSorted().join() === VARIABLES.toSorted().join()) return environment as Variables;
  throw new Error(
    `The image postgres is tried with ${VARIABLES.join(', ')}; it was given ${names.join(', ')}.`,
  );
}

function setUp(variables: Variables, container: PostgresContainer): void {
  const { data, sockets, binaries } = container;
  function run(program: string, argv: readonly string[], input = ''): void {
    const options = { ...processOptions(container), input, stdio: 'pipe' } as const;
    execFileSync(join(binaries.folder, program), argv, options);
  }
  const passwordFile = join(sockets, 'password');
  writeFileSync(passwordFile, `${readFileSync(variables.POSTGRES_PASSWORD_FILE, 'utf8')}\n`);
  own(passwordFile, 0o600, binaries);
  const words = variables.POSTGRES_INITDB_ARGS.split(' ');
  run('initdb', [`--username=${variables.POSTGRES_USER}`, `--pwfile=${passwordFile}`, ...words]);
  rmSync(passwordFile);
  appendFileSync(join(data, 'postgresql.conf'), `unix_socket_directories = '${sockets}'\n`);
  // The image adds the second line to what initdb wrote, which trusts 127.0.0.1. There that is the container itself; here the
  // other containers come from there, who have to know the password.
  writeFileSync(join(data, 'pg_hba.conf'), 'local all all trust\nhost all all all scram-sha-256\n');
  run('postgres', ['--single', 'postgres'], `create database "${variables.POSTGRES_DB}"\n`);
}

/** The image's locale is en_US.UTF-8, which is not on every machine. */
function processOptions({ data, port, binaries }: PostgresContainer) {
  const env = { PATH: process.env.PATH, PGDATA: data, PGPORT: String(port), LANG: 'C.UTF-8' };
  return { ...binaries.account, cwd: data, env };
}

function own(path: string, mode: number, { account }: PostgresBinaries): void {
  chmodSync(path, mode);
  if (account !== undefined) chownSync(path, account.uid, account.gid);
}
