import { readFileSync } from 'node:fs';
import { type FaultRecord, FaultList, nearestName } from '@drover/model';
import type { Settings } from './settings.js';
import { type Variable, VARIABLES } from './variables.js';

export type Environment = Readonly<Record<string, string | undefined>>;

/** Where a setting came from: `default`, `environment`, or `file PATH`. */
export type Origin = string;

export interface ReadEnvironment {
  settings: Settings;
  origins: Record<keyof Settings, Origin>;
  /** Sentences about variables that mean nothing here. */
  warnings: string[];
}

const PREFIX = 'DROVER_';
const FILE_SUFFIX = '_FILE';

/**
 * Reads every `DROVER_…` variable, each either by itself or as `…_FILE` with the path of a file that holds it. An empty
 * one counts as not set. Fault `ENVIRONMENT_INVALID` with all problems at once.
 */
export function readEnvironment(environment: Environment): ReadEnvironment {
  const problems: FaultRecord[] = [];
  const settings: Partial<Record<keyof Settings, unknown>> = {};
  const origins: Partial<Record<keyof Settings, Origin>> = {};
  for (const [key, variable] of Object.entries(VARIABLES) as [keyof Settings, Variable<keyof Settings>][]) {
    try {
      const given = textOf(variable.name, environment);
      settings[key] = given === undefined ? variable.fallback() : variable.parse(given.text);
      origins[key] = given?.origin ?? 'default';
    } catch (error) {
      const message = `${variable.name} ${(error as Error).message}.`;
      problems.push({ code: 'VARIABLE_INVALID', message, path: variable.name });
    }
  }
  problems.push(...unfoundedQueue(settings, problems));
  if (problems.length > 0) {
    const what = problems.length === 1 ? 'One variable is' : `${problems.length} variables are`;
    throw new FaultList('ENVIRONMENT_INVALID', `${what} not right; nothing was started.`, problems);
  }
  return {
    settings: settings as Settings,
    origins: origins as Record<keyof Settings, Origin>,
    warnings: unknownVariables(environment),
  };
}

/** A queue needs the server it is in. What is wrong with that server's variable itself is told already. */
function unfoundedQueue(
  { queue, redisUrl, databaseUrl }: Partial<Record<keyof Settings, unknown>>,
  known: readonly FaultRecord[],
): FaultRecord[] {
  const path = VARIABLES.queue.name;
  const isTold = (name: string): boolean => known.some((problem) => problem.path === name);
  if (queue === 'redis' && redisUrl === undefined && !isTold(VARIABLES.redisUrl.name)) {
    const message = 'DROVER_QUEUE is redis, and DROVER_REDIS_URL does not say which.';
    return [{ code: 'VARIABLE_INVALID', message, path }];
  }
  if (queue === 'postgres' && databaseUrl === undefined && !isTold(VARIABLES.databaseUrl.name)) {
    const message =
      'DROVER_QUEUE is postgres, and the database is SQLite: name a PostgreSQL one in DROVER_DATABASE_URL.';
    return [{ code: 'VARIABLE_INVALID', message, path }];
  }
  return [];
}

function textOf(name: string, environment: Environment): { text: string; origin: Origin } | undefined {
  const direct = environment[name] || undefined;
  const file = environment[`${name}${FILE_SUFFIX}`] || undefined;
  if (direct !== undefined && file !== undefined) {
    throw new Error(`is set both by itself and as ${name}${FILE_SUFFIX}`);
  }
  if (file !== undefined) return { text: readFile(file), origin: `file ${file}` };
  return direct === undefined ? undefined : { text: direct, origin: 'environment' };
}

function readFile(file: string): string {
  let text: string;
  try {
    text = readFileSync(file, 'utf8').replace(/\r?\n$/, '');
  } catch (error) {
    throw new Error(
      `is to be read from ${file}, which cannot be read (${(error as { code?: string }).code})`,
      {
        cause: error,
      },
    );
  }
  if (text === '') throw new Error(`is to be read from ${file}, which is empty`);
  return text;
}

function unknownVariables(environment: Environment): string[] {
  const known = Object.values(VARIABLES).flatMap(({ name }) => [name, `${name}${FILE_SUFFIX}`]);
  return Object.keys(environment)
    .filter((name) => name.startsWith(PREFIX) && !known.includes(name as never))
    .map((name) => {
      const nearest = nearestName(name, known);
      return `${name} means nothing here${nearest === undefined ? '' : `; did you mean ${nearest}?`}`;
    });
}
