import { describe, expect, it } from '@jest/globals';
import type { ConnectionSpec } from '@drover/model';
import { checkConnection, secretNamesOf } from './check-connection.js';

const spec: ConnectionSpec = {
  schema: {
    type: 'object',
    additionalProperties: false,
    required: ['baseUrl', 'apiToken'],
    properties: {
      baseUrl: { type: 'string', format: 'uri', title: 'Base URL', description: 'Address of the tenant.' },
      region: {
        type: 'string',
        enum: ['eu', 'us'],
        default: 'eu',
        title: 'Region',
        description: 'Where it is.',
      },
      apiToken: {
        type: 'string',
        minLength: 20,
        'x-secret': true,
        title: 'Token',
        description: 'API token.',
      },
      proxyToken: { type: 'string', 'x-secret': true, title: 'Proxy token', description: 'For a proxy.' },
    },
  },
  auth: { token: { type: 'header', name: 'Authorization', secret: 'apiToken' } },
};
const baseUrl = 'https://tenant.example.com';

function problemsOf(settings: Record<string, unknown>, secretNames: string[]): string[] {
  const result = checkConnection(spec, settings, secretNames);
  return result.ok ? [] : result.problems.map(({ code, path }) => `${path} ${code}`);
}

describe('checkConnection', () => {
  it('fills defaults in and leaves secrets out', () => {
    const settings = { baseUrl };
    expect(checkConnection(spec, settings, ['apiToken'])).toEqual({
      ok: true,
      settings: { baseUrl, region: 'eu' },
    });
    expect(settings).toEqual({ baseUrl });
  });

  it('tells everything at once', () => {
    expect(problemsOf({ baseUrl: 'tenant', region: 'asia', tenant: 'x' }, ['proxyToken'])).toEqual([
      '/apiToken PROPERTY_MISSING',
      '/baseUrl VALUE_MALFORMED',
      '/region VALUE_NOT_ALLOWED',
      '/tenant PROPERTY_UNKNOWN',
    ]);
  });

  it('refuses a secret among the settings, and never repeats it', () => {
    const result = checkConnection(spec, { baseUrl, apiToken: 'hunter2-hunter2' }, []);
    expect(result).toEqual({
      ok: false,
      problems: [
        { code: 'SECRET_IN_SETTINGS', path: '/apiToken', message: expect.not.stringContaining('hunter2') },
      ],
    });
  });

  it('refuses a secret that is a setting, and one that is not known', () => {
    expect(problemsOf({ baseUrl }, ['apiToken', 'region', 'apiTokn'])).toEqual([
      '/apiTokn PROPERTY_UNKNOWN',
      '/region PROPERTY_UNKNOWN',
    ]);
  });
});

describe('secretNamesOf', () => {
  it('lists the secrets in the order of the schema', () => {
    expect(secretNamesOf(spec)).toEqual(['apiToken', 'proxyToken']);
  });
});
