import type { ActionRequests, ActionRunRequest, InstalledPlugin, RunStart } from '@drover/engine';
import { Fault } from '@drover/model';
import type { Parts } from '../composition/parts.js';
import { checkVendor, checkedConfig } from './checked-request.js';
import { findCollection } from './embedded-collections.js';
import { findConnection } from './embedded-connections.js';
import { findPlugin } from './embedded-plugins.js';
import type { RunNames } from './run-names.js';
import { warmPlugin } from './warm-plugin.js';

export class EmbeddedActions implements ActionRequests {
  readonly #parts: Parts;
  readonly #names: RunNames;

  constructor(parts: Parts, names: RunNames) {
    this.#parts = parts;
    this.#names = names;
  }

  async list(): Promise<InstalledPlugin[]> {
    const plugins = await (await this.#parts.plugins()).list();
    return plugins.filter(({ manifest }) => manifest.kind === 'action');
  }

  show(ref: string): Promise<InstalledPlugin> {
    return findAction(this.#parts, ref);
  }

  async configure(ref: string, changes: Record<string, unknown>): Promise<InstalledPlugin> {
    const action = await findAction(this.#parts, ref);
    const defaults = withoutNulls({ ...action.defaults, ...changes });
    // A required value may be left to the run: only what is given has to be right.
    await checkedConfig(action, defaults, { partial: true });
    await (await this.#parts.plugins()).setDefaults(action.pluginId, defaults);
    return { ...action, defaults };
  }

  async run(request: ActionRunRequest): Promise<RunStart> {
    const plugin = await findAction(this.#parts, request.action);
    const connection = await findConnection(this.#parts, request.connection);
    checkVendor(plugin, connection);
    const collection = await findCollection(this.#parts, request.collection);
    await warmPlugin(this.#parts, { bundleDigest: plugin.bundleDigest, connectionId: connection.id });
    const config = await checkedConfig(plugin, { ...plugin.defaults, ...request.config });
    const engine = await this.#parts.engine();
    const { pass, runId } = await engine.submit({
      plugin,
      connection,
      collection,
      config,
      trigger: request.trigger ?? 'manual',
      stepKey: request.stepKey,
      objectsPerRun: request.objectsPerRun,
      restart: request.restart,
      plan: request.plan,
    });
    const start = { pass: { id: pass.id, objects: pass.objects, notAccepted: pass.notAccepted } };
    if (runId === undefined) return start;
    await engine.start({ asReserve: true });
    return { ...start, run: await this.#names.view(await engine.run(runId)) };
  }
}

async function findAction(parts: Parts, ref: string): Promise<InstalledPlugin> {
  const plugin = await findPlugin(parts, ref, 'action');
  const { kind } = plugin.manifest;
  if (kind === 'action') return plugin;
  const instead = kind === 'feed' ? `; make a feed of it with: drover feed create NAME --plugin ${ref}` : '';
  throw new Fault('INVALID_ARGUMENT', `${plugin.pluginId} is a ${kind}, not an action${instead}.`);
}

function withoutNulls(values: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== null));
}
