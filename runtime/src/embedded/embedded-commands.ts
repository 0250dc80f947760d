import type {
  CommandAnswer,
  CommandRequests,
  CommandRunRequest,
  CommandRunView,
  InstalledPlugin,
} from '@drover/engine';
import {
  type CommandRun,
  type CommandStatus,
  type ConnectionId,
  Fault,
  isId,
  type Page,
  type PageRequest,
} from '@drover/model';
import type { Parts } from '../composition/parts.js';
import { checkedConfig, checkedInput, checkVendor } from './checked-request.js';
import { findConnection } from './embedded-connections.js';
import { findPlugin } from './embedded-plugins.js';

export class EmbeddedCommands implements CommandRequests {
  readonly #parts: Parts;
  readonly #names = new Map<ConnectionId, string>();

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  async list(): Promise<InstalledPlugin[]> {
    const plugins = await (await this.#parts.plugins()).list();
    return plugins.filter(({ manifest }) => manifest.kind === 'command');
  }

  show(ref: string): Promise<InstalledPlugin> {
    return findCommand(this.#parts, ref);
  }

  async run(
    request: CommandRunRequest,
    { signal = new AbortController().signal }: { signal?: AbortSignal } = {},
  ): Promise<CommandAnswer> {
    const plugin = await findCommand(this.#parts, request.command);
    const connection = await findConnection(this.#parts, request.connection);
    checkVendor(plugin, connection);
    const trigger = request.trigger ?? 'manual';
    if (!plugin.manifest.triggers.includes(trigger)) {
      const allowed = plugin.manifest.triggers.join(', ');
      throw new Fault('TRIGGER_NOT_ALLOWED', `${plugin.pluginId} allows ${allowed}, not ${trigger}.`);
    }
    const config = await checkedConfig(plugin, { ...plugin.defaults, ...request.config });
    const input = await checkedInput(plugin, request.input);
    const runner = await this.#parts.commandRunner();
    const { id, verdict, figures } = await runner.run({
      plugin,
      connection,
      input,
      config,
      mode: request.plan === true ? 'plan' : 'apply',
      trigger,
      confirmed: request.confirmed === true,
      signal,
    });
    return {
      run: await this.past(id),
      ...('output' in verdict ? { output: verdict.output } : {}),
      ...(verdict.planned === undefined ? {} : { planned: verdict.planned }),
      ...(verdict.fault?.problems === undefined ? {} : { problems: verdict.fault.problems }),
      log: figures.log,
    };
  }

  async history({
    command,
    ...query
  }: { status?: CommandStatus; command?: string } & PageRequest): Promise<Page<CommandRunView>> {
    await (await this.#parts.commandRunner()).closeInterrupted();
    const pluginId = command === undefined ? undefined : (await findCommand(this.#parts, command)).pluginId;
    const page = await (await this.#parts.commandLedger()).list({ ...query, pluginId });
    return { ...page, data: await Promise.all(page.data.map((run) => this.#view(run))) };
  }

  async past(ref: string): Promise<CommandRunView> {
    await (await this.#parts.commandRunner()).closeInterrupted();
    const run = isId('commandRun', ref) ? await (await this.#parts.commandLedger()).find(ref) : undefined;
    if (run !== undefined) return this.#view(run);
    throw new Fault('NOT_FOUND', `There is no command run "${ref}"; "drover command history" shows them.`);
  }

  async #view(run: CommandRun): Promise<CommandRunView> {
    let name = this.#names.get(run.connectionId);
    if (name === undefined) {
      name = (await (await this.#parts.connections()).find(run.connectionId))?.name ?? run.connectionId;
      this.#names.set(run.connectionId, name);
    }
    return { ...run, connection: name };
  }
}

async function findCommand(parts: Parts, ref: string): Promise<InstalledPlugin> {
  const plugin = await findPlugin(parts, ref, 'command');
  if (plugin.manifest.kind === 'command') return plugin;
  throw new Fault('INVALID_ARGUMENT', `${plugin.pluginId} is a ${plugin.manifest.kind}, not a command.`);
}
