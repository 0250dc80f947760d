import type {
  Connection,
  ConnectionChanges,
  ConnectionField,
  ConnectionRequest,
  ConnectionRequests,
  ConnectionTest,
  ConnectionView,
  InstalledPlugin,
} from '@drover/engine';
import { Fault, FaultList } from '@drover/model';
import type { Parts } from '../composition/parts.js';
import { connectionFields } from './connection-fields.js';
import { findPlugin } from './embedded-plugins.js';
import { existing } from './not-found.js';
import { testConnection } from './test-connection.js';

export class EmbeddedConnections implements ConnectionRequests {
  readonly #parts: Parts;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  async create(request: ConnectionRequest): Promise<Connection> {
    const plugins = await this.#pluginsOf(request.vendor);
    const settings = await checkedSettings(plugins, request.settings, Object.keys(request.secrets ?? {}));
    const { vendor } = plugins[0]!.manifest;
    return (await this.#parts.connections()).create({ ...request, vendor, settings });
  }

  async update(ref: string, changes: ConnectionChanges): Promise<Connection> {
    const before = await findConnection(this.#parts, ref);
    const plugins = await this.#pluginsOf(before.vendor);
    const secrets = withoutNulls({ ...before.secrets, ...changes.secrets });
    const settings = await checkedSettings(
      plugins,
      withoutNulls({ ...before.settings, ...changes.settings }),
      Object.keys(secrets),
    );
    const changedSecrets = Object.entries(changes.secrets ?? {}).map(
      ([name, given]) => [name, given ?? undefined] as const,
    );
    const removed = Object.keys(before.settings).filter((key) => !Object.hasOwn(settings, key));
    return (await this.#parts.connections()).update(before.id, {
      settings: { ...Object.fromEntries(removed.map((key) => [key, undefined])), ...settings },
      transport: changes.transport,
      concurrency: changes.concurrency,
      secrets: Object.fromEntries(changedSecrets),
    });
  }

  async list(): Promise<ConnectionView[]> {
    return this.#viewed(await (await this.#parts.connections()).list());
  }

  async show(ref: string): Promise<ConnectionView> {
    const [view] = await this.#viewed([await findConnection(this.#parts, ref)]);
    return view!;
  }

  async remove(ref: string): Promise<void> {
    const { id } = await findConnection(this.#parts, ref);
    await (await this.#parts.connections()).remove(id);
  }

  async fields(vendor: string): Promise<ConnectionField[]> {
    const plugins = await this.#pluginsOf(vendor);
    return connectionFields(plugins.map(({ manifest }) => manifest));
  }

  async test(ref: string, options: { action?: string } = {}): Promise<ConnectionTest[]> {
    const connection = await findConnection(this.#parts, ref);
    const plugins =
      options.action === undefined
        ? await this.#pluginsOf(connection.vendor)
        : [await findPlugin(this.#parts, options.action, 'action')];
    const runtime = await this.#parts.pluginRuntime();
    const tests: ConnectionTest[] = [];
    for (const plugin of plugins) tests.push(await testConnection(runtime, plugin, connection));
    return tests;
  }

  /** Over a data folder, only the process that executes knows what seems down. */
  async #viewed(connections: readonly Connection[]): Promise<ConnectionView[]> {
    if (this.#parts.surroundings.settings.databaseUrl === undefined) return [...connections];
    const down = await (await this.#parts.limits()).down();
    const inMs = new Map(down.map(({ connectionId, probeInMs }) => [connectionId, probeInMs]));
    return connections.map((connection) => {
      const nextCallInMs = inMs.get(connection.id);
      return nextCallInMs === undefined ? connection : { ...connection, vendorDown: { nextCallInMs } };
    });
  }

  /** Whether the vendor is written in capitals does not matter. */
  async #pluginsOf(vendor: string): Promise<InstalledPlugin[]> {
    const installed = await (await this.#parts.plugins()).list();
    const wanted = vendor.toLowerCase();
    const plugins = installed.filter(({ manifest }) => manifest.vendor.toLowerCase() === wanted);
    if (plugins.length > 0) return plugins;
    const vendors = [...new Set(installed.map(({ manifest }) => manifest.vendor))];
    const hint =
      vendors.length === 0 ? 'install its bundle first' : `there are plugins of ${vendors.join(', ')}`;
    throw new Fault('NOT_FOUND', `No plugin of the vendor "${vendor}" is installed; ${hint}.`);
  }
}

/** A connection by id or name. */
export async function findConnection(parts: Parts, ref: string): Promise<Connection> {
  const vault = await parts.connections();
  return existing(await vault.find(ref), { noun: 'connection', ref });
}

/**
 * The settings with defaults filled in. A connection is shared by its vendor's plugins and has to serve one of them at
 * least; the problems told are those of the plugin that it comes closest to.
 */
async function checkedSettings(
  plugins: readonly InstalledPlugin[],
  settings: Record<string, unknown>,
  secretNames: readonly string[],
): Promise<Record<string, unknown>> {
  const { checkConnection } = await import('./schema-checks.js');
  const results = plugins.map(({ manifest }) => checkConnection(manifest.connection, settings, secretNames));
  const fitting = results.find((result) => result.ok);
  if (fitting !== undefined) return fitting.settings;
  const [problems] = results
    .flatMap((result) => (result.ok ? [] : [result.problems]))
    .toSorted((left, right) => left.length - right.length);
  const what = problems!.length === 1 ? 'One field is' : `${problems!.length} fields are`;
  throw new FaultList('CONNECTION_INVALID', `${what} not right in the connection.`, problems!);
}

function withoutNulls(values: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== null));
}
