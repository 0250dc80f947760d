import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { createSimulator, type Simulator } from '@drover/simulators';
import { CommandLine } from './command-line.js';
import type { Ground } from './grounds.js';

/** The command by its text id. */
export const COMMAND = 'acme.triage-items';

interface AcmeState {
  closed: string[];
  removed: string[];
}

const CALL = { delivery: 'repeatable', purpose: 'working on items' };
const TEXT = { type: 'string' };

const MANIFEST = {
  id: COMMAND,
  version: '1.0.0',
  name: 'Triage items',
  description: 'Looks up items, closes or removes one.',
  vendor: 'Acme',
  kind: 'command',
  engines: { drover: '^0.1.0' },
  protocol: 1,
  connection: {
    schema: {
      type: 'object',
      additionalProperties: false,
      required: ['baseUrl'],
      properties: {
        baseUrl: { type: 'string', format: 'uri', title: 'Base URL', description: 'Where Acme answers.' },
      },
    },
    auth: { none: { type: 'none' } },
  },
  config: { type: 'object', additionalProperties: false, properties: {} },
  input: {
    type: 'object',
    additionalProperties: false,
    required: ['item_ids'],
    properties: {
      item_ids: {
        type: 'array',
        title: 'Items',
        description: 'Ids of items.',
        minItems: 1,
        items: { type: 'string', minLength: 1 },
      },
      step: {
        type: 'string',
        title: 'Step',
        description: 'What is done.',
        enum: ['find', 'close', 'remove', 'garble'],
        default: 'find',
      },
    },
  },
  output: {
    type: 'object',
    required: ['items'],
    properties: {
      items: {
        type: 'array',
        'x-columns': ['item_id', 'assigned_to', 'state'],
        items: {
          type: 'object',
          required: ['item_id', 'state'],
          properties: { item_id: TEXT, assigned_to: { type: ['string', 'null'] }, state: TEXT },
        },
      },
    },
  },
  calls: [
    { ...CALL, name: 'findItems', method: 'GET', path: '/items', query: ['ids'], effect: 'read' },
    {
      ...CALL,
      name: 'closeItem',
      method: 'POST',
      path: '/items/{id}/close',
      effect: 'write',
      delivery: 'once',
    },
    {
      ...CALL,
      name: 'removeItem',
      method: 'DELETE',
      path: '/items/{id}',
      effect: 'destructive',
      blastRadius: 'The item is gone for everybody.',
    },
  ],
  limits: { timeoutMs: 20_000 },
  triggers: ['manual'],
};

const CODE = `import { defineCommand } from '@drover/plugin-sdk';

export default defineCommand({
  resolvers: {
    item: {
      batch: 2,
      ttlMs: 60_000,
      async load(keys, context) {
        const { body } = await context.call('findItems', { query: { ids: keys.join(',') } });
        return Object.fromEntries(keys.map((key) => [key, body.items.find((one) => one.item_id === key) ?? null]));
      },
    },
  },
  async run(input, context) {
    const [id] = input.item_ids;
    if (input.step === 'garble') return { items: [{ item_id: 7 }] };
    if (input.step === 'close') await context.call('closeItem', { params: { id }, json: { state: 'closed' } });
    if (input.step === 'remove') await context.call('removeItem', { params: { id } });
    if (input.step !== 'find') return { items: [{ item_id: id, state: input.step }] };
    const found = await Promise.all(input.item_ids.map((one) => context.resolve('item', [one])));
    return { items: found.flatMap((one) => [...one.values()]).filter((item) => item !== null) };
  },
});
`;

const FILES: Record<string, string> = {
  'bundle.json': JSON.stringify({
    name: 'acme',
    version: '1.0.0',
    title: 'Acme',
    vendor: 'Acme',
    description: 'Works on items.',
    supportTier: 'community',
    license: 'Apache-2.0',
    plugins: ['triage-items'],
  }),
  'CHANGELOG.md': '# Changelog\n\n## 1.0.0\n\nFirst version.\n',
  LICENSE: 'Apache License 2.0\n',
  'triage-items/plugin.json': JSON.stringify(MANIFEST),
  'triage-items/package.json': JSON.stringify({ name: '@example/triage', version: '1.0.0', type: 'module' }),
  'triage-items/README.md': '# Triage items\n',
  'triage-items/src/index.js': CODE,
};

/** An installed command plugin over a simulated vendor. */
export class CommandLab {
  private constructor(
    readonly drover: CommandLine,
    readonly vendor: Simulator<AcmeState>,
  ) {}

  static async open(ground: Ground): Promise<CommandLab> {
    const drover = await CommandLine.open({ ground });
    // As root, plugins run as another user, who must be able to reach their code below the data folder.
    await chmod(drover.folder, 0o711);
    const vendor = simulateAcme();
    const lab = new CommandLab(drover, vendor);
    const folder = join(drover.folder, 'acme');
    for (const [path, text] of Object.entries(FILES)) {
      await mkdir(dirname(join(folder, path)), { recursive: true });
      await writeFile(join(folder, path), text);
    }
    const zip = join(drover.folder, 'acme.zip');
    await drover.json('plugin', 'pack', folder, '--output', zip);
    await drover.json('plugin', 'install', zip);
    const account = ['--vendor', 'Acme', '--set', `baseUrl=${await vendor.listen()}`, '--proxy', 'none'];
    await drover.json('connection', 'create', 'lab', ...account);
    return lab;
  }

  /** The command line of one use of the command. */
  static argv(input: object, ...more: string[]): string[] {
    const what = ['command', 'run', COMMAND, '--connection', 'lab', '--input', JSON.stringify(input)];
    return [...what, ...more];
  }

  /** Requests to the vendor so far, in order. */
  get requests(): string[] {
    return this.vendor.requests().recent.map(({ method, path }) => `${method} ${path}`);
  }

  async history(): Promise<{ status: string; fault?: { code: string; message: string } }[]> {
    return (await this.drover.json('command', 'history')).data;
  }

  async close(): Promise<void> {
    await this.vendor.close();
    await this.drover.close();
  }
}

function simulateAcme(): Simulator<AcmeState> {
  const state: AcmeState = { closed: [], removed: [] };
  return createSimulator<AcmeState>(
    {
      addRoutes(app) {
        app.get<{ Querystring: { ids: string } }>('/items', async ({ query }) => ({
          items: query.ids
            .split(',')
            .filter((id) => id !== 'none')
            .map((id) => ({ item_id: id, state: 'open', assigned_to: null })),
        }));
        app.post<{ Params: { id: string } }>('/items/:id/close', async ({ params }) => {
          state.closed.push(params.id);
          return {};
        });
        app.delete<{ Params: { id: string } }>('/items/:id', async ({ params }) => {
          state.removed.push(params.id);
          return {};
        });
      },
      state: () => state,
      reset: () => undefined,
      secretsOf: () => [],
      endpointOf: (path) => path,
    },
    { maxBodyBytes: 10_000, now: () => new Date() },
  );
}
