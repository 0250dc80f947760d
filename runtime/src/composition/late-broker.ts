import type { Broker, CallScope, HookBroker } from '@drover/plugin-host';

/** A broker that is made with the first hook: with its HTTP client it is most of what a command loads that runs a plugin. */
export class LateBroker implements Broker {
  readonly #make: () => Promise<Broker>;
  #made: Promise<Broker> | undefined;

  constructor(make: () => Promise<Broker>) {
    this.#make = make;
  }

  async forHook(target: Parameters<Broker['forHook']>[0], scope: CallScope): Promise<HookBroker> {
    this.#made ??= this.#make();
    return (await this.#made).forHook(target, scope);
  }

  async close(): Promise<void> {
    const broker = await this.#made?.catch(() => undefined);
    await broker?.close();
  }
}
