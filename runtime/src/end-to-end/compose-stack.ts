import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { globSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { promisify } from 'node:util';
import {
  BuiltDrover,
  type DroverProcess,
  type EndedProcess,
  type ProcessOptions,
  until,
} from './built-drover.js';
import { type ComposeFile, ROOT, type Service, inStartOrder } from './compose-file.js';
import { freePort } from './scaled-site.js';

const run = promisify(execFile);
const DATA = '/var/lib/drover';
const HEALTH_PORT = '8080';
/** Where what the images bring lies on this machine. */
const PATH = [
  dirname(process.execPath),
  ...globSync('/usr/lib/postgresql/*/bin'),
  ...(process.env.PATH ?? '').split(delimiter),
].join(delimiter);

/** A container, as plain processes: what its service says, with this machine's folders and ports in the place of its own. */
interface Container {
  service: Service;
  /** What stands for what, longest first. */
  places: [string, string][];
  environment: Record<string, string>;
  dataDir: string;
}

export interface Running {
  name: string;
  process: DroverProcess;
  /** Where its health endpoints are. */
  url: string;
}

/**
 * Starts what a profile of the compose file starts, without containers: its very commands, environment and health checks, in
 * the order of `depends_on`. A PostgreSQL that is there already and a redis-server with the file's own command stand for the
 * images; Drover is what was built.
 */
export class ComposeStack {
  readonly running: Running[] = [];
  /** Services in the order in which they were up. */
  readonly up: string[] = [];
  readonly #file: ComposeFile;
  readonly #folder: string;
  readonly #ports = new Map<string, { own: string; here: number }>();
  readonly #drovers: BuiltDrover[] = [];
  #redis: ChildProcess | undefined;

  private constructor(file: ComposeFile, folder: string) {
    this.#file = file;
    this.#folder = folder;
  }

  /** Makes the secrets with the shipped command, as its documentation has it. */
  static async open(file: ComposeFile, database?: { url: string }): Promise<ComposeStack> {
    const folder = await mkdtemp(join(tmpdir(), 'drover-compose-'));
    await cp(join(ROOT, 'deploy/make-secrets.sh'), join(folder, 'deploy/make-secrets.sh'));
    await mkdir(join(folder, 'deploy/secrets'));
    await run('sh', [join(folder, 'deploy/make-secrets.sh')]);
    const stack = new ComposeStack(file, folder);
    if (database !== undefined) await stack.#findServers(database.url);
    return stack;
  }

  get secrets(): string {
    return join(this.#folder, 'deploy/secrets');
  }

  async #findServers(url: string): Promise<void> {
    this.#ports.set('postgres', { own: '5432', here: Number(new URL(url).port) });
    this.#ports.set('redis', { own: '6379', here: await freePort() });
    await this.#rewriteSecret('redis-url', (text) => this.#here(text));
    await this.#rewriteSecret('database-url', () => url);
  }

  async #rewriteSecret(name: string, change: (text: string) => string): Promise<void> {
    const file = join(this.secrets, name);
    await writeFile(file, change(await readFile(file, 'utf8')));
  }

  /** Brings up a profile, with so many of some services as asked for. */
  async start(profile: string, scale: Record<string, number> = {}): Promise<void> {
    for (const name of inStartOrder(this.#file, profile)) {
      const service = this.#file.services[name]!;
      const replicas = scale[name] ?? service.deploy?.replicas ?? 1;
      for (let nth = 0; nth < replicas; nth++) await this.#startOne(name, service);
      this.up.push(name);
    }
  }

  async #startOne(name: string, service: Service): Promise<void> {
    const container = await this.#container(service);
    if (name === 'postgres') return this.#untilHealthy(name, container);
    if (name === 'redis') {
      const [command, ...argv] = service.command!.map((word) => substitute(word, container.places));
      const place = ['--port', String(this.#ports.get(name)!.here), '--bind', '127.0.0.1'];
      this.#redis = spawn(command!, [...argv, ...place], {
        cwd: this.#folder,
        env: { PATH },
        stdio: 'ignore',
      });
      return this.#untilHealthy(name, container);
    }
    const child = this.#drover(container).start(service.command!, { environment: container.environment });
    if (service.restart === 'no') return succeeded(name, await child.ended);
    await this.#untilHealthy(name, container, child);
    const url = `http://127.0.0.1:${substitute(HEALTH_PORT, container.places)}`;
    this.running.push({ name, process: child, url });
  }

  /** As `docker compose run --rm SERVICE …`: a container of its own, that shares the service's volumes. */
  async run(name: string, argv: readonly string[], options: ProcessOptions = {}): Promise<EndedProcess> {
    const container = await this.#container(this.#file.services[name]!);
    const environment = { ...container.environment, ...options.environment };
    return this.#drover(container).run(argv, { ...options, environment });
  }

  /** As `docker compose stop`: everything that runs gets SIGTERM. */
  async stop(): Promise<{ name: string; ended: EndedProcess; tookMs: number }[]> {
    const askedAt = performance.now();
    for (const { process: child } of this.running) child.terminate();
    return Promise.all(
      this.running.map(async ({ name, process: child }) => {
        const ended = await child.ended;
        return { name, ended, tookMs: performance.now() - askedAt };
      }),
    );
  }

  async close(): Promise<void> {
    for (const drover of this.#drovers) await drover.close();
    this.#redis?.kill('SIGKILL');
    await rm(this.#folder, { recursive: true, force: true });
  }

  #drover({ dataDir }: Container): BuiltDrover {
    const drover = new BuiltDrover(dataDir);
    this.#drovers.push(drover);
    return drover;
  }

  /** A volume is one folder for all that mount it; memory is a new one each time. */
  async #container(service: Service): Promise<Container> {
    const volume = service.volumes?.find((mount) => mount.endsWith(`:${DATA}`));
    const dataDir =
      volume === undefined
        ? join(await mkdtemp(join(this.#folder, 'memory-')), 'data')
        : join(this.#folder, 'volumes', volume.split(':')[0]!);
    await mkdir(dirname(dataDir), { recursive: true });
    const places: [string, string][] = [
      ['/run/secrets', this.secrets],
      [DATA, dataDir],
      ['0.0.0.0', '127.0.0.1'],
      [HEALTH_PORT, String(await freePort())],
      ...[...this.#ports.values()].map(({ own, here }): [string, string] => [own, String(here)]),
    ];
    const environment = Object.fromEntries(
      Object.entries(service.environment ?? {}).map(([name, value]) => [name, substitute(value, places)]),
    );
    return { service, places, environment, dataDir };
  }

  /** Runs the health check as it is written, until it says that the service is healthy. */
  async #untilHealthy(name: string, { service, places }: Container, child?: DroverProcess): Promise<void> {
    const [kind, ...written] = service.healthcheck!.test;
    const words = written.map((word) => substitute(word, places));
    const [command, ...argv] = kind === 'CMD' ? words : ['sh', '-c', ...words];
    const gone = child?.ended.then(({ stderr }) => stderr);
    let lastSaid = '';
    const check = async (): Promise<boolean> => {
      try {
        await run(command!, argv, { env: { PATH } });
        return true;
      } catch (error) {
        lastSaid = (error as Error).message;
        return false;
      }
    };
    const healthy = until(check, { what: `${name} to be healthy`, withinMs: 40_000 });
    const early = await Promise.race([healthy.catch(() => lastSaid), gone ?? healthy]);
    if (typeof early === 'string') throw new Error(`${name} is not healthy: ${early}`);
  }

  #here(text: string): string {
    let here = text;
    for (const [name, { own, here: port }] of this.#ports) {
      here = here.replaceAll(`${name}:${own}`, `127.0.0.1:${port}`);
    }
    return here;
  }
}

function succeeded(name: string, { exitCode, stderr }: EndedProcess): void {
  if (exitCode !== 0) throw new Error(`${name} did not complete successfully: ${stderr}`);
}

function substitute(text: string, places: readonly [string, string][]): string {
  return places.reduce((result, [there, here]) => result.replaceAll(there, here), text);
}
