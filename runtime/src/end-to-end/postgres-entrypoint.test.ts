import { expect, it } from '@jest/globals';
import { readComposeFile } from './compose-file.js';
import { enterPostgres } from './postgres-entrypoint.js';

const { command, environment } = readComposeFile().services.postgres!;
const nowhere = { data: '', sockets: '', port: 0, binaries: { kind: 'binaries', folder: '' } } as const;

it.each([
  ['one that it does not know', { ...environment, POSTGRES_HOST_AUTH_METHOD: 'trust' }],
  ['one of the server', { ...environment, PGPORT: '5433' }],
  ['one too few', { ...environment, POSTGRES_DB: undefined }],
])('takes no other variables than it honours: %s', (_, given) => {
  const set = JSON.parse(JSON.stringify(given)) as Record<string, string>;
  const names = Object.keys(set).join(', ');
  expect(() => enterPostgres(command!, { ...nowhere, environment: set })).toThrow(`it was given ${names}.`);
});

it('sets a database up for the server alone', () => {
  const container = { ...nowhere, environment: environment! };
  expect(() => enterPostgres(['bash'], container)).toThrow(
    'The image postgres sets no database up for bash.',
  );
});
