import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { FaultList } from '@drover/model';
import { effectiveSettings } from './effective-settings.js';
import { type Environment, readEnvironment } from './read-environment.js';

const KEY = Buffer.alloc(32, 7).toString('base64');
let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'drover-environment-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

function file(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

function refusal(environment: Environment): FaultList {
  try {
    readEnvironment(environment);
  } catch (error) {
    return error as FaultList;
  }
  throw new Error('the environment was accepted');
}

describe('readEnvironment', () => {
  it('has a default for every setting', () => {
    const { settings, origins, warnings } = readEnvironment({ PATH: '/bin' });
    expect(settings).toMatchObject({
      dataDir: resolve('.drover'),
      databaseUrl: undefined,
      encryptionKey: undefined,
      previousEncryptionKeys: [],
      logLevel: 'warn',
      workerConcurrency: 8,
    });
    expect(new Set(Object.values(origins))).toEqual(new Set(['default']));
    expect(warnings).toEqual([]);
  });

  it('reads values, and files without the line break at their end', () => {
    const { settings, origins } = readEnvironment({
      DROVER_DATA_DIR: '/srv/drover',
      DROVER_ENCRYPTION_KEY_FILE: file('key', `${KEY}\n`),
      DROVER_ENCRYPTION_KEYS_PREVIOUS: `${'0'.repeat(64)}, ${KEY}`,
      DROVER_DATABASE_URL: 'postgres://drover:pw@db.example.com/drover',
      DROVER_LOG_FORMAT: 'json',
      DROVER_WORKER_CONCURRENCY: '32',
    });
    expect(settings).toMatchObject({
      dataDir: '/srv/drover',
      encryptionKey: KEY,
      previousEncryptionKeys: ['0'.repeat(64), KEY],
      databaseUrl: 'postgres://drover:pw@db.example.com/drover',
      logFormat: 'json',
      workerConcurrency: 32,
    });
    expect(origins).toMatchObject({
      dataDir: 'environment',
      encryptionKey: `file ${join(folder, 'key')}`,
      logLevel: 'default',
    });
  });

  it('reads how processes work together', () => {
    const { settings } = readEnvironment({
      DROVER_REDIS_URL: 'rediss://drover:pw@cache.example.com:6380/1',
      DROVER_QUEUE: 'redis',
      DROVER_ROLE: 'worker',
      DROVER_DRAIN_SECONDS: '0',
      DROVER_LEASE_SECONDS: '3',
      DROVER_HTTP_PORT: '9000',
    });
    expect(settings).toMatchObject({
      redisUrl: 'rediss://drover:pw@cache.example.com:6380/1',
      queue: 'redis',
      role: 'worker',
      drainSeconds: 0,
      leaseSeconds: 3,
      httpHost: '127.0.0.1',
      httpPort: 9000,
    });
  });

  it('refuses a queue in a Redis that is not named, and repeats no password', () => {
    expect(refusal({ DROVER_QUEUE: 'redis' }).problems).toEqual([
      expect.objectContaining({ path: 'DROVER_QUEUE', message: expect.stringContaining('DROVER_REDIS_URL') }),
    ]);
    const { problems } = refusal({
      DROVER_QUEUE: 'redis',
      DROVER_REDIS_URL: 'redis://:s3cret@a.example.com,b.example.com',
    });
    expect(problems.map(({ path }) => path)).toEqual(['DROVER_REDIS_URL']);
    expect(JSON.stringify(problems)).not.toContain('s3cret');
    expect(refusal({ DROVER_HTTP_PORT: '0', DROVER_LEASE_SECONDS: '2' }).problems).toHaveLength(2);
  });

  it('refuses a queue in PostgreSQL over SQLite', () => {
    expect(refusal({ DROVER_QUEUE: 'postgres' }).problems).toEqual([
      expect.objectContaining({
        path: 'DROVER_QUEUE',
        message: expect.stringContaining('DROVER_DATABASE_URL'),
      }),
    ]);
    const { problems } = refusal({ DROVER_QUEUE: 'postgres', DROVER_DATABASE_URL: 'mysql://db.example.com' });
    expect(problems.map(({ path }) => path)).toEqual(['DROVER_DATABASE_URL']);
    const { settings } = readEnvironment({
      DROVER_QUEUE: 'postgres',
      DROVER_DATABASE_URL: 'postgres://db.example.com/drover',
      DROVER_REDIS_URL: 'redis://cache.example.com',
    });
    expect(settings.queue).toBe('postgres');
  });

  it('refuses a URL for a data folder, without repeating it', () => {
    const { problems } = refusal({ DROVER_DATA_DIR: 'postgres://drover:hunter2@db.example.com/drover' });
    expect(problems).toEqual([
      expect.objectContaining({
        path: 'DROVER_DATA_DIR',
        message: expect.stringContaining('DROVER_DATABASE_URL'),
      }),
    ]);
    expect(JSON.stringify(problems)).not.toContain('hunter2');
  });

  it('counts an empty variable as not set', () => {
    const { settings, origins } = readEnvironment({ DROVER_LOG_LEVEL: '', DROVER_LOG_LEVEL_FILE: '' });
    expect(settings.logLevel).toBe('warn');
    expect(origins.logLevel).toBe('default');
  });

  it('tells all problems at once, without repeating secrets', () => {
    const fault = refusal({
      DROVER_LOG_LEVEL: 'loud',
      DROVER_WORKER_CONCURRENCY: '0',
      DROVER_ENCRYPTION_KEY: 'hunter2hunter2',
      DROVER_DATABASE_URL: 'mysql://root:hunter2@db/drover',
      DROVER_DATA_DIR: '/a',
      DROVER_DATA_DIR_FILE: file('dir', '/b'),
      DROVER_LOG_FORMAT_FILE: join(folder, 'missing'),
      DROVER_ENCRYPTION_KEYS_PREVIOUS_FILE: file('empty', '\n'),
    });
    expect(fault.code).toBe('ENVIRONMENT_INVALID');
    expect(fault.problems.map(({ code, path }) => [code, path])).toEqual(
      [
        'DROVER_DATA_DIR',
        'DROVER_DATABASE_URL',
        'DROVER_ENCRYPTION_KEY',
        'DROVER_ENCRYPTION_KEYS_PREVIOUS',
        'DROVER_LOG_LEVEL',
        'DROVER_LOG_FORMAT',
        'DROVER_WORKER_CONCURRENCY',
      ].map((name) => ['VARIABLE_INVALID', name]),
    );
    const told = fault.problems.map(({ message }) => message).join('\n');
    expect(told).toContain('DROVER_LOG_LEVEL is "loud", which is none of fatal, error, warn');
    expect(told).toContain('DROVER_DATA_DIR is set both by itself and as DROVER_DATA_DIR_FILE.');
    expect(told).toContain('which cannot be read (ENOENT)');
    expect(told).toContain('which is empty');
    expect(told).not.toContain('hunter2');
  });

  it.each(['1.5', '-1', '257', 'many', '1e1'])('refuses %s workers', (text) => {
    expect(refusal({ DROVER_WORKER_CONCURRENCY: text }).problems).toHaveLength(1);
  });

  it('warns of variables that mean nothing, with the nearest name', () => {
    const { warnings } = readEnvironment({
      DROVER_LOGLEVEL: 'info',
      DROVER_DATA_DIR_FIEL: '/x',
      DROVER_WEATHER: 'fine',
      OTHER_THING: 'y',
    });
    expect(warnings).toEqual([
      'DROVER_LOGLEVEL means nothing here; did you mean DROVER_LOG_LEVEL?',
      'DROVER_DATA_DIR_FIEL means nothing here; did you mean DROVER_DATA_DIR_FILE?',
      'DROVER_WEATHER means nothing here',
    ]);
  });
});

describe('effectiveSettings', () => {
  it('shows secrets only as set or not set', () => {
    const shown = effectiveSettings(
      readEnvironment({ DROVER_ENCRYPTION_KEY: KEY, DROVER_LOG_LEVEL: 'info' }),
    );
    expect(JSON.stringify(shown)).not.toContain(KEY);
    expect(shown).toContainEqual({ name: 'DROVER_ENCRYPTION_KEY', value: 'set', origin: 'environment' });
    expect(shown).toContainEqual({
      name: 'DROVER_ENCRYPTION_KEYS_PREVIOUS',
      value: 'not set',
      origin: 'default',
    });
    expect(shown).toContainEqual({ name: 'DROVER_LOG_LEVEL', value: 'info', origin: 'environment' });
  });
});
