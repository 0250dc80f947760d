import type { PluginTarget } from '@drover/engine';
import type { CallReply } from '@drover/plugin-sdk';
import type { Broker, CallScope, GivenParams, HookBroker } from '../src/broker/broker.js';

type Answer = (name: string, params: GivenParams, scope: CallScope) => Promise<unknown> | unknown;

/** A broker without a wire: a function answers the calls, and one word is the secret that is never let through. */
export class FakeBroker implements Broker {
  readonly calls: { name: string; params: GivenParams }[] = [];
  waitingCalls = 0;
  answer: Answer = () => ({ done: true });
  secret = 'hunter2-secret';

  async forHook(_target: PluginTarget, scope: CallScope): Promise<HookBroker> {
    return new FakeHookBroker(this, scope);
  }

  async close(): Promise<void> {}
}

class FakeHookBroker implements HookBroker {
  readonly figures = { vendorCalls: 0, vendorWrites: 0, waitedMs: 0 };
  readonly #broker: FakeBroker;
  readonly #scope: CallScope;

  constructor(broker: FakeBroker, scope: CallScope) {
    this.#broker = broker;
    this.#scope = scope;
  }

  get waitingCalls(): number {
    return this.#broker.waitingCalls;
  }

  async call(name: string, params: GivenParams): Promise<CallReply> {
    this.#broker.calls.push({ name, params });
    this.figures.vendorCalls += 1;
    const body = await this.#broker.answer(name, params, this.#scope);
    return { status: 200, headers: {}, body, at: '2026-01-01T00:00:00.000Z' };
  }

  redact<Value>(value: Value): Value {
    const text = JSON.stringify(value);
    if (text === undefined || !text.includes(this.#broker.secret)) return value;
    return JSON.parse(text.replaceAll(this.#broker.secret, '[redacted]')) as Value;
  }
}
