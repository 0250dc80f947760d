import { execFile } from 'node:child_process';
import { chmod, cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { type PostgresBinaries, missingPrometheus, postgresOrigin, prometheusFolder } from '@drover/testing';
import {
  BuiltDrover,
  type DroverProcess,
  type EndedProcess,
  type ProcessOptions,
  until,
} from './built-drover.js';
import { ComposeContainer } from './compose-container.js';
import { type ComposeFile, ROOT, type Service, inStartOrder, inStopOrder } from './compose-file.js';
import { forThisPromtool } from './for-this-promtool.js';
import { enterPostgres } from './postgres-entrypoint.js';
import { freePort } from './scaled-site.js';
import { scrapedHere } from './scraped-here.js';
import { type EndedServer, ServerProcess } from './server-process.js';

const run = promisify(execFile);
const HEALTH_PORT = '8080';
/** Where the images listen, whom others reach by the names of their services. */
const SERVERS = { postgres: '5432', redis: '6379', prometheus: '9090' };
type ServerName = keyof typeof SERVERS;
/** What the image says that it is stopped by: a fast shutdown. The others take SIGTERM. */
const STOP_SIGNALS: Record<string, NodeJS.Signals> = { postgres: 'SIGINT' };
/** No package brings Grafana. compose-file.test.ts looks at what it is given, compose.test.ts asks Prometheus what it asks. */
const NOT_STARTED = ['grafana'];

export interface Running {
  name: string;
  process: DroverProcess;
  /** Where its health endpoints are. */
  url: string;
  container: ComposeContainer;
}

/** What was told to stop. */
export interface Stopped {
  name: string;
  ended: EndedProcess | EndedServer;
  tookMs: number;
}

/**
 * Starts what a profile of the compose file starts, without containers: its very commands, environment and health checks, in
 * the order of `depends_on`. This machine's PostgreSQL, Redis and Prometheus stand for the images, of other versions; Drover is
 * what was built.
 */
export class ComposeStack {
  /** Of Drover. */
  readonly running: Running[] = [];
  /** Services in the order in which they were up. */
  readonly up: string[] = [];
  readonly #file: ComposeFile;
  readonly #folder: string;
  /** Where the servers listen here. */
  readonly #ports: Map<ServerName, number>;
  readonly #drovers: BuiltDrover[] = [];
  readonly #servers = new Map<string, ServerProcess>();
  readonly #path = programPath();

  private constructor(file: ComposeFile, folder: string, ports: Map<ServerName, number>) {
    this.#file = file;
    this.#folder = folder;
    this.#ports = ports;
  }

  /** Makes the secrets with the shipped command, as its documentation has it. */
  static async open(file: ComposeFile): Promise<ComposeStack> {
    const folder = await mkdtemp(join(tmpdir(), 'drover-compose-'));
    // Servers that run as other accounts have to pass through.
    await chmod(folder, 0o711);
    for (const shipped of ['deploy/make-secrets.sh', 'deploy/prometheus']) {
      await cp(join(ROOT, shipped), join(folder, shipped), { recursive: true });
    }
    await mkdir(join(folder, 'deploy/secrets'));
    await run('sh', [join(folder, 'deploy/make-secrets.sh')]);
    const ports = new Map<ServerName, number>();
    for (const name of Object.keys(SERVERS) as ServerName[]) ports.set(name, await freePort());
    const stack = new ComposeStack(file, folder, ports);
    for (const name of ['database-url', 'redis-url']) await stack.#reachHere(name);
    return stack;
  }

  get secrets(): string {
    return join(this.#folder, 'deploy/secrets');
  }

  /** What a secret's file says, for this machine's processes. */
  secret(name: string): Promise<string> {
    return readFile(join(this.secrets, name), 'utf8');
  }

  urlOf(name: ServerName): string {
    return `http://127.0.0.1:${this.#ports.get(name)}`;
  }

  /** Names of services are no addresses here; all else in a URL stays as it was made. */
  async #reachHere(secret: string): Promise<void> {
    let text = await this.secret(secret);
    for (const [name, port] of this.#ports) {
      text = text.replace(`@${name}:${SERVERS[name]}/`, `@127.0.0.1:${port}/`);
    }
    await writeFile(join(this.secrets, secret), text);
  }

  /** Brings up a profile, with so many of some services as asked for. */
  async start(profile: string, scale: Record<string, number> = {}): Promise<void> {
    for (const name of inStartOrder(this.#file, profile)) {
      if (NOT_STARTED.includes(name)) continue;
      const service = this.#file.services[name]!;
      const replicas = scale[name] ?? service.deploy?.replicas ?? 1;
      for (let nth = 0; nth < replicas; nth++) await this.#startOne(name, await this.#container(service));
      this.up.push(name);
    }
  }

  async #startOne(name: string, container: ComposeContainer): Promise<void> {
    if (name in SERVERS) {
      const server = await this.#startServer(name as ServerName, container);
      this.#servers.set(name, server);
      return this.#untilHealthy(name, container, server);
    }
    const { service, environment } = container;
    const process = this.#drover(container).start(service.command!, { environment });
    if (service.restart === 'no') return succeeded(name, await process.ended);
    await this.#untilHealthy(name, container, process);
    this.running.push({ name, process, container, url: `http://127.0.0.1:${container.place(HEALTH_PORT)}` });
  }

  /** The command of the file, and where to listen; images have that built in. */
  async #startServer(name: ServerName, container: ComposeContainer): Promise<ServerProcess> {
    const { command, environment } = container;
    const port = this.#ports.get(name)!;
    const env = { PATH: this.#path, ...environment };
    switch (name) {
      case 'postgres':
        return enterPostgres(command, {
          environment,
          data: container.place('/var/lib/postgresql/data'),
          sockets: container.place('/var/run/postgresql'),
          port,
          binaries: postgresOrigin() as PostgresBinaries,
        });
      case 'redis': {
        const place = ['--port', String(port), '--bind', '127.0.0.1'];
        return new ServerProcess([...command, ...place], { cwd: container.place('/data'), env });
      }
      case 'prometheus': {
        const configuration = join(container.place('/etc/prometheus'), 'prometheus.yml');
        const text = await readFile(configuration, 'utf8');
        const here = scrapedHere(text, (service, port) => this.#addresses(service, port));
        await writeFile(configuration, container.here(here));
        const place = `--web.listen-address=127.0.0.1:${port}`;
        return new ServerProcess(['prometheus', ...command, place], {
          cwd: container.place('/prometheus'),
          env,
        });
      }
    }
  }

  #addresses(service: string, port: number): string[] {
    const ofService = this.running.filter(({ name }) => name === service);
    return ofService.map(({ container }) => container.here(`127.0.0.1:${port}`));
  }

  /** As `docker compose run --rm SERVICE …`: a container of its own, that shares the service's volumes. */
  async run(name: string, argv: readonly string[], options: ProcessOptions = {}): Promise<EndedProcess> {
    const container = await this.#container(this.#file.services[name]!);
    const environment = { ...container.environment, ...options.environment };
    return this.#drover(container).run(argv, { ...options, environment });
  }

  /** As `docker compose stop`: each is told by its image's signal, after all that depend on it have ended. */
  async stop(): Promise<Stopped[]> {
    const stopped: Stopped[] = [];
    for (const names of inStopOrder(this.#file, this.up)) {
      stopped.push(...(await Promise.all(names.flatMap((name) => this.#stopAll(name)))));
    }
    return stopped;
  }

  #stopAll(name: string): Promise<Stopped>[] {
    const askedAt = performance.now();
    const server = this.#servers.get(name);
    server?.stop(STOP_SIGNALS[name] ?? 'SIGTERM');
    const drovers = this.running.filter((one) => one.name === name).map(({ process }) => process);
    for (const drover of drovers) drover.terminate();
    return [...(server === undefined ? [] : [server]), ...drovers].map(async (process) => {
      const ended = await process.ended;
      return { name, ended, tookMs: performance.now() - askedAt };
    });
  }

  async close(): Promise<void> {
    for (const drover of this.#drovers) await drover.close();
    for (const server of this.#servers.values()) await server.killed();
    // The children of a PostgreSQL that was killed write for a moment longer.
    await rm(this.#folder, { recursive: true, force: true, maxRetries: 5 });
  }

  #drover({ environment }: ComposeContainer): BuiltDrover {
    const drover = new BuiltDrover(environment.DROVER_DATA_DIR!);
    this.#drovers.push(drover);
    return drover;
  }

  async #container(service: Service): Promise<ComposeContainer> {
    const servers = [...this.#ports].map(([name, port]): [string, string] => [SERVERS[name], String(port)]);
    const places: [string, string][] = [
      ['/run/secrets', this.secrets],
      ['0.0.0.0', '127.0.0.1'],
      [HEALTH_PORT, String(await freePort())],
      ...servers,
    ];
    return ComposeContainer.open(service, { folder: this.#folder, places });
  }

  /** Runs the health check as it is written, until it says that the service is healthy. */
  async #untilHealthy(
    name: string,
    container: ComposeContainer,
    child: DroverProcess | ServerProcess,
  ): Promise<void> {
    const [kind, ...written] = container.service.healthcheck!.test;
    const words = written.map((word) => container.here(word));
    const [command, ...argv] = kind === 'CMD' ? forThisPromtool(words) : ['sh', '-c', ...words];
    let lastSaid = '';
    const check = async (): Promise<boolean> => {
      try {
        await run(command!, argv, { env: { PATH: this.#path } });
        return true;
      } catch (error) {
        lastSaid = (error as Error).message;
        return false;
      }
    };
    const healthy = until(check, { what: `${name} to be healthy`, withinMs: 40_000 });
    const gone = child.ended.then(({ stderr }) => stderr);
    const early = await Promise.race([healthy.catch(() => lastSaid), gone]);
    if (typeof early === 'string') throw new Error(`${name} is not healthy: ${early}`);
  }
}

/** Where what the images bring lies on this machine. */
function programPath(): string {
  const postgres = postgresOrigin();
  return [
    dirname(process.execPath),
    ...(postgres.kind === 'binaries' ? [postgres.folder] : []),
    ...(missingPrometheus() === undefined ? [prometheusFolder()] : []),
    process.env.PATH ?? '',
  ].join(delimiter);
}

function succeeded(name: string, { exitCode, stderr }: EndedProcess): void {
  if (exitCode !== 0) throw new Error(`${name} did not complete successfully: ${stderr}`);
}
