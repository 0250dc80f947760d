import type { WriteResult } from '@drover/engine';
import type { PluginManifest, PluginObject } from '@drover/model';
import type { OnceCall, Script } from './scripted-runtime.js';

/** What the vendor does with the call for one object. */
export type VendorManner = 'accept' | 'refuse' | 'break' | 'hang up' | 'out of reach' | 'busy once';

/** Limits and calls of an action that makes one call an object, which must not be repeated. */
export const ONCE_MANIFEST = {
  calls: [
    {
      name: 'createImpact',
      method: 'POST',
      path: '/impacts',
      purpose: 'creating an impact',
      effect: 'write',
      delivery: 'once',
    },
  ],
  limits: { objectsPerRun: { default: 100, max: 1_000 }, batch: { objects: 4 }, concurrency: 2 },
} satisfies Partial<PluginManifest>;

/** A vendor that counts the impacts that reach it. */
export class OnceVendor {
  /** Arrivals by object value. */
  readonly arrivals = new Map<string, number>();
  readonly #mannerOf: (value: string) => VendorManner;
  readonly #wasBusy = new Set<string>();

  constructor(mannerOf: (value: string) => VendorManner = () => 'accept') {
    this.#mannerOf = mannerOf;
  }

  async take({ value }: PluginObject): Promise<WriteResult> {
    const manner = this.#mannerOf(value);
    if (manner === 'out of reach') return { kind: 'notSent', reason: 'the connection was refused' };
    if (manner === 'busy once' && !this.#wasBusy.has(value)) {
      this.#wasBusy.add(value);
      return { kind: 'notSent', reason: 'status 429' };
    }
    this.arrivals.set(value, (this.arrivals.get(value) ?? 0) + 1);
    if (manner === 'hang up') return { kind: 'noAnswer', reason: 'no answer came in time' };
    const status = manner === 'refuse' ? 400 : manner === 'break' ? 500 : 201;
    const reply = { status, headers: {}, body: { impact: value }, at: new Date().toISOString() };
    return { kind: 'answered', reply };
  }

  /** An action that sends an impact for each object, honest about what it is told. */
  readonly script: Script = { executeOne: (object, call) => this.executeOne(object, call) };

  async executeOne(object: PluginObject, { send }: OnceCall): Promise<unknown> {
    const objectId = object.id;
    try {
      const { body } = await send(() => this.take(object));
      return { objectId, status: 'succeeded', data: body };
    } catch (thrown) {
      const { code, message } = thrown as { code?: string; message: string };
      // What only a dead process meets ends the hook; the vendor's faults are the object's.
      if (code === undefined || !code.startsWith('VENDOR_')) throw thrown;
      return { objectId, status: 'failed', code, message, retryable: message.endsWith('429') };
    }
  }
}
