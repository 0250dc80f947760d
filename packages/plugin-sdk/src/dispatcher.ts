import { Fault, toFaultRecord, WIRE_PROTOCOL } from '@drover/model';
import { HookSession, type SendFrame } from './hook-session.js';
import { Lookups } from './lookups/lookups.js';
import type { AnyPluginDefinition } from './plugin-definition.js';
import { faultOf } from './plugin-error.js';
import { hooksOf, runHook } from './run-hook.js';
import { PluginSlots } from './plugin-slots.js';
import type { HostFrame, InvokeFrame, PluginFrame } from './wire.js';

/** Definitions by plugin id, as a bundle's entry hands them over. */
export type ServedPlugins = Readonly<Record<string, AnyPluginDefinition>>;

/**
 * The plugin's side of the wire: runs hooks that the host asks for, many at a time, over any way to send a frame. `send`
 * throws a fault when a frame cannot be written as JSON or is too large.
 */
export class PluginDispatcher {
  readonly #plugins: ReadonlyMap<string, AnyPluginDefinition>;
  readonly #send: SendFrame;
  readonly #slots = new PluginSlots();
  readonly #sessions = new Map<number, HookSession>();
  readonly #lookups = new Lookups();

  constructor(plugins: ServedPlugins, options: { send: SendFrame }) {
    this.#plugins = new Map(Object.entries(plugins));
    this.#send = options.send;
  }

  /** The first frame: which protocol this side speaks and which hooks each plugin has. */
  hello(): PluginFrame {
    const plugins = Object.fromEntries([...this.#plugins].map(([id, plugin]) => [id, hooksOf(plugin)]));
    return { kind: 'hello', protocol: WIRE_PROTOCOL, plugins };
  }

  receive(frame: HostFrame): void {
    switch (frame.kind) {
      case 'invoke':
        void this.#invoke(frame);
        return;
      case 'abort':
        this.#sessions.get(frame.id)?.abort(frame.fault);
        return;
      case 'windDown':
        this.#sessions.get(frame.id)?.windDown(frame.fault);
        return;
      case 'read':
        void this.#sessions.get(frame.id)?.read(frame);
        return;
      case 'answer':
        this.#sessions.get(frame.id)?.answer(frame);
        return;
    }
  }

  async #invoke(frame: InvokeFrame): Promise<void> {
    const session = new HookSession({ id: frame.id, send: this.#send });
    this.#sessions.set(frame.id, session);
    const last = await this.#run(frame, session);
    session.end();
    this.#sessions.delete(frame.id);
    try {
      this.#send(last);
    } catch (thrown) {
      this.#send({ kind: 'fault', id: frame.id, fault: toFaultRecord(thrown as Fault) });
    }
  }

  async #run(frame: InvokeFrame, session: HookSession): Promise<PluginFrame> {
    try {
      const value = await runHook(this.#definitionOf(frame.plugin), frame, {
        session,
        lookups: this.#lookups,
        slots: this.#slots,
      });
      return { kind: 'result', id: frame.id, ...(value === undefined ? {} : { value }) };
    } catch (thrown) {
      return { kind: 'fault', id: frame.id, fault: toFaultRecord(faultOf(thrown, session)) };
    }
  }

  #definitionOf(plugin: string): AnyPluginDefinition {
    const definition = this.#plugins.get(plugin);
    if (definition) return definition;
    throw new Fault(
      'PLUGIN_CONTRACT',
      `The bundle's code has no plugin ${plugin}; it has ${[...this.#plugins.keys()].join(', ')}.`,
    );
  }
}
