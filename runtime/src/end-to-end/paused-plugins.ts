const CLOSED = { type: 'object', additionalProperties: false } as const;

/** What all manifests have in common. */
const MANIFEST = {
  version: '1.0.0',
  vendor: 'Acme',
  description: 'Works on hosts.',
  engines: { drover: '>=0.1.0 <99.0.0' },
  protocol: 1,
  connection: {
    schema: {
      ...CLOSED,
      required: ['baseUrl', 'token'],
      properties: {
        baseUrl: { type: 'string', format: 'uri', title: 'Base URL', description: 'Where the account is.' },
        token: { type: 'string', title: 'Token', description: 'API token.', 'x-secret': true },
      },
    },
    auth: { default: { type: 'header', name: 'authorization', prefix: 'Bearer ', secret: 'token' } },
  },
  config: { ...CLOSED, properties: {} },
};

const FQDN = [{ type: 'indicator', subtypes: ['FQDN'] }];
const READ = { method: 'GET', purpose: 'reading', effect: 'read', delivery: 'repeatable' };
const WRITE = { ...READ, effect: 'write', purpose: 'writing' };
const LIMITS = { objectsPerRun: { default: 100, max: 100 }, batch: { objects: 10 } };
const LIST = { type: 'string', title: 'List', description: 'Which list.', maxLength: 20, default: 'a' };

const TAG_HOST = {
  ...MANIFEST,
  id: 'acme.tag-host',
  name: 'Tag hosts',
  kind: 'action',
  accepts: FQDN,
  emits: [{ name: 'Tag', type: 'string', mode: 'replace' }],
  config: { ...CLOSED, properties: { list: LIST } },
  calls: [
    { ...READ, name: 'look', path: '/look/{list}' },
    { ...WRITE, name: 'tag', method: 'PUT', path: '/tags/{list}' },
  ],
  limits: { ...LIMITS, concurrency: 2 },
  triggers: ['manual'],
};

const CHARGE_HOST = {
  ...MANIFEST,
  id: 'acme.charge-host',
  name: 'Charge hosts',
  kind: 'action',
  accepts: FQDN,
  calls: [{ ...WRITE, name: 'charge', method: 'POST', path: '/charges/{host}', delivery: 'once' }],
  limits: { ...LIMITS, concurrency: 2 },
  triggers: ['manual'],
};

const HOSTS = {
  ...MANIFEST,
  id: 'acme.hosts',
  name: 'Hosts',
  kind: 'feed',
  produces: FQDN,
  calls: [{ ...READ, name: 'readHosts', path: '/hosts', query: ['page'] }],
  limits: { batch: { objects: 100 } },
  triggers: ['manual', 'schedule'],
};

/** Reads, then writes. */
const TAG_CODE = `import { defineAction, succeeded } from '@drover/plugin-sdk';

export default defineAction({
  async execute(batch, context) {
    const params = { list: context.config.list };
    await context.call('look', { params });
    context.log.info('looked', params);
    await context.call('tag', { params, json: batch.objects.map(({ value }) => value) });
    const attributes = [{ name: 'Tag', value: params.list }];
    return batch.objects.map((object) => succeeded(object, { writeBack: { attributes } }));
  },
});
`;

const CHARGE_CODE = `import { defineAction, succeeded } from '@drover/plugin-sdk';

export default defineAction({
  async executeOne(object, context) {
    await context.call('charge', { params: { host: object.value }, covers: [object.id] });
    return succeeded(object);
  },
});
`;

const HOSTS_CODE = `import { defineFeed } from '@drover/plugin-sdk';

export default defineFeed({
  async *pull(request, context) {
    let page = request.checkpoint ?? 0;
    while (page !== null) {
      const { body } = await context.call('readHosts', { query: { page } });
      page = body.next;
      yield {
        objects: body.hosts.map((value) => ({ type: 'indicator', subtype: 'FQDN', value })),
        checkpoint: page ?? 0,
        isComplete: page === null,
      };
    }
  },
});
`;

const BUNDLE = {
  name: 'acme',
  version: '1.0.0',
  title: 'Acme',
  vendor: 'Acme',
  description: 'Tags and charges hosts.',
  supportTier: 'community',
  license: 'Apache-2.0',
  plugins: ['tag-host', 'charge-host', 'hosts'],
};

/** Two actions and a feed of an invented vendor, by the paths of their files. */
export const PAUSED_PLUGINS: Record<string, string> = {
  'bundle.json': JSON.stringify(BUNDLE),
  'CHANGELOG.md': '# Changelog\n\n## 1.0.0\n\nFirst version.\n',
  LICENSE: 'Apache License 2.0\n',
  ...pluginFiles('tag-host', TAG_HOST, TAG_CODE),
  ...pluginFiles('charge-host', CHARGE_HOST, CHARGE_CODE),
  ...pluginFiles('hosts', HOSTS, HOSTS_CODE),
};

function pluginFiles(name: string, manifest: object, code: string): Record<string, string> {
  return {
    [`${name}/plugin.json`]: JSON.stringify(manifest),
    [`${name}/package.json`]: JSON.stringify({ name: `@example/${name}`, version: '1.0.0', type: 'module' }),
    [`${name}/README.md`]: `# ${name}\n`,
    [`${name}/src/index.js`]: code,
  };
}
