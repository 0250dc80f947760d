import type { CliHost, EffectiveSetting, RunningSimulator } from '@drover/cli';
import type { Application } from '@drover/engine';
import { Fault } from '@drover/model';
import type { Environment, ReadEnvironment } from './environment/read-environment.js';
import { VERSION } from './version.js';

/** The command line's host in this process: the embedded application, packing and simulators, each loaded when called. */
export function createCliHost(options: {
  environment: Environment;
  onInterrupt: CliHost['onInterrupt'];
}): CliHost {
  const { environment, onInterrupt } = options;
  return {
    version: VERSION,
    openApplication: ({ dataDir, notify }) => openApplication(environment, dataDir, notify),
    packBundle: async (folder) => (await import('@drover/plugin-kit')).packBundle(folder),
    startSimulator,
    effectiveSettings: async ({ dataDir, notify }): Promise<EffectiveSetting[]> => {
      const { effectiveSettings } = await import('./environment/effective-settings.js');
      const found = await read(environment, dataDir);
      warn(found, notify);
      return effectiveSettings(found);
    },
    onInterrupt,
  };
}

/** The environment, with `--data-dir` in the place of its variable. */
async function read(environment: Environment, dataDir: string | undefined): Promise<ReadEnvironment> {
  const { readEnvironment } = await import('./environment/read-environment.js');
  const given = dataDir === undefined ? {} : { DROVER_DATA_DIR: dataDir, DROVER_DATA_DIR_FILE: undefined };
  const found = readEnvironment({ ...environment, ...given });
  if (dataDir !== undefined) found.origins.dataDir = '--data-dir';
  return found;
}

function warn({ warnings }: ReadEnvironment, notify: (line: string) => void): void {
  for (const warning of warnings) notify(`Warning: ${warning}`);
}

async function openApplication(
  environment: Environment,
  dataDir: string | undefined,
  notify: (line: string) => void,
): Promise<Application> {
  const found = await read(environment, dataDir);
  warn(found, notify);
  const { settings } = found;
  const { openEmbedded } = await import('./embedded.js');
  return openEmbedded({ settings, version: VERSION, environment, notify });
}

async function startSimulator(
  vendor: string,
  { port, latencyMs, rateLimit, users, incidents, storm }: Parameters<CliHost['startSimulator']>[1],
): Promise<RunningSimulator> {
  const { simulators } = await import('@drover/simulators');
  if (!Object.hasOwn(simulators, vendor)) {
    throw new Fault(
      'SIMULATOR_UNKNOWN',
      `There is no simulator of "${vendor}"; there are: ${Object.keys(simulators).join(', ')}.`,
    );
  }
  try {
    return await simulators[vendor as keyof typeof simulators].start({
      port,
      latencyMs,
      rateLimit,
      users,
      incidents,
      ...(storm === undefined ? {} : { storm: { seed: storm } }),
    });
  } catch (error) {
    throw asPortFault(port, error);
  }
}

function asPortFault(port: number, error: unknown): unknown {
  const reasons: Record<string, string> = {
    EADDRINUSE: 'something listens there already',
    EACCES: 'this user may not listen there',
  };
  const reason = reasons[(error as NodeJS.ErrnoException).code ?? ''];
  if (reason === undefined) return error;
  return new Fault('PORT_UNUSABLE', `Port ${port} cannot be used: ${reason}.`, { cause: error });
}
