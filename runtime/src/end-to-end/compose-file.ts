import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';

export const ROOT = fileURLToPath(new URL('../../../', import.meta.url));

type Condition = 'service_started' | 'service_healthy' | 'service_completed_successfully';

/** A service of the compose file, in the forms that this file uses. */
export interface Service {
  image: string;
  user: string;
  profiles: string[];
  command?: string[];
  environment?: Record<string, string>;
  depends_on?: Record<string, { condition: Condition }>;
  healthcheck?: { test: ['CMD' | 'CMD-SHELL', ...string[]] };
  deploy?: { replicas: number };
  secrets?: string[];
  volumes?: string[];
  tmpfs?: string[];
  networks: string[];
  ports?: string[];
  restart: string;
  read_only: boolean;
  init: boolean;
  cap_drop: string[];
  security_opt: string[];
  stop_grace_period?: string;
  build?: string;
}

export interface ComposeFile {
  name: string;
  services: Record<string, Service>;
  networks: Record<string, { internal?: boolean }>;
  volumes: Record<string, null>;
  secrets: Record<string, { file: string }>;
}

export function readRepositoryFile(file: string): string {
  return readFileSync(`${ROOT}${file}`, 'utf8');
}

/** What stands in `.env`, which Compose reads beside its file. */
export function readDotEnv(): Record<string, string> {
  const lines = readRepositoryFile('.env').matchAll(/^([A-Z_]+)=(.*)$/gm);
  return Object.fromEntries([...lines].map(([, name, value]) => [name!, value!]));
}

/** The compose file as Compose sees it: variables put in, `$$` for `$`, anchors merged. */
export function readComposeFile(variables: Record<string, string> = readDotEnv()): ComposeFile {
  const text = readRepositoryFile('docker-compose.yml').replaceAll(
    /\$(?:\$|\{([A-Z_]+)(?::-([^}]*))?\})/g,
    (_, name: string | undefined, fallback = '') =>
      name === undefined ? '$' : variables[name] || (fallback as string),
  );
  return parse(text, { merge: true }) as ComposeFile;
}

/** The services of a profile, each after those that it depends on. */
export function inStartOrder({ services }: ComposeFile, profile: string): string[] {
  const ordered: string[] = [];
  function add(name: string): void {
    if (ordered.includes(name)) return;
    for (const needed of Object.keys(services[name]!.depends_on ?? {})) add(needed);
    ordered.push(name);
  }
  for (const [name, { profiles }] of Object.entries(services)) if (profiles.includes(profile)) add(name);
  return ordered;
}

/** Services in the steps in which Compose stops them: each after all that depend on it. */
export function inStopOrder({ services }: ComposeFile, names: readonly string[]): string[][] {
  const steps: string[][] = [];
  let left = [...names];
  while (left.length > 0) {
    const needed = new Set(left.flatMap((name) => Object.keys(services[name]!.depends_on ?? {})));
    steps.push(left.filter((name) => !needed.has(name)));
    left = left.filter((name) => needed.has(name));
  }
  return steps;
}

/** Seconds of a length such as `45s` or `1m30s`. */
export function secondsOf(length: string): number {
  const units: Record<string, number> = { h: 3_600, m: 60, s: 1 };
  return [...length.matchAll(/(\d+)([hms])/g)].reduce(
    (sum, [, n, unit]) => sum + Number(n) * units[unit!]!,
    0,
  );
}
