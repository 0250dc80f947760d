import { type AttributeValue, type PluginManifest, type PluginObject } from '@drover/model';
import { behaviourManifest } from './engine-world.js';
import { goodPluginManifest } from '../bundles/good-bundle.js';
import type { Script } from './scripted-runtime.js';

export interface VendorHost {
  state: string;
  category: string;
  owner?: string;
  severity?: string;
  changedAt: number;
}

const CATEGORIES = ['new', 'benign', 'known'];
const FIELDS = ['state', 'category', 'owner', 'severity'] as const;

/** Ids of the two plugins that a mirroring world has. */
export const SENDER_FOLDER = 'untag-host';

/** A vendor of hosts that are closed with one of a few categories, read by a feed and written by an action. */
export class MirrorVendor {
  readonly hosts = new Map<string, VendorHost>();
  /** Writes that reached the vendor, in their order. */
  readonly writes: { name: string; state: string; category: string }[] = [];
  /** Objects that the action was offered. */
  offered = 0;
  /** Whether pages say when hosts were changed. */
  tellsChangedAt = true;
  /** Runs before an object is answered for. */
  onSend: (name: string) => Promise<void> | void = () => undefined;
  /** What becomes of an object instead of being sent. */
  answer: (name: string) => Record<string, unknown> | undefined = () => undefined;
  readonly #now: () => number;

  constructor(now: () => number) {
    this.#now = now;
  }

  change(name: string, changes: Partial<VendorHost>): void {
    const before = this.hosts.get(name) ?? { state: 'open', category: 'new', severity: 'low', changedAt: 0 };
    this.hosts.set(name, { ...before, changedAt: this.#now(), ...changes });
  }

  get script(): Script {
    return {
      pull: () => this.#pull(),
      execute: (objects) => this.#send(objects),
    };
  }

  async *#pull() {
    const objects = [...this.hosts].map(([name, host]) => ({
      type: 'indicator',
      subtype: 'FQDN',
      value: `${name}.example.com`,
      status: host.state,
      attributes: FIELDS.flatMap((field) =>
        host[field] === undefined ? [] : [{ name: field, value: host[field] }],
      ),
      ...(this.tellsChangedAt ? { changedAt: new Date(host.changedAt).toISOString() } : {}),
    }));
    yield { objects, checkpoint: 1, isComplete: true };
  }

  async #send(objects: readonly PluginObject[]): Promise<unknown[]> {
    const outcomes: unknown[] = [];
    for (const object of objects) {
      const name = object.value.split('.')[0]!;
      this.offered += 1;
      await this.onSend(name);
      outcomes.push({ objectId: object.id, ...(this.answer(name) ?? this.#close(name, object)) });
    }
    return outcomes;
  }

  #close(name: string, object: PluginObject): Record<string, unknown> {
    const state = valueOf(object, 'state');
    const category = valueOf(object, 'category');
    if (state !== 'closed') return rejected('NOT_CLOSED', 'Only closing is possible.');
    if (!CATEGORIES.includes(category)) return rejected('CATEGORY_NOT_WRITABLE', `No category ${category}.`);
    const host = this.hosts.get(name)!;
    if (host.state === state && host.category === category) {
      return { status: 'unchanged', code: 'ALREADY_CLOSED', message: 'It is closed so.' };
    }
    this.writes.push({ name, state, category });
    this.change(name, { state, category });
    return { status: 'succeeded' };
  }
}

function rejected(code: string, message: string): Record<string, unknown> {
  return { status: 'rejected', code, message };
}

function valueOf(object: PluginObject, name: string): string {
  const values = object.attributes.filter((attribute) => attribute.name === name);
  if (values.length !== 1) throw new Error(`${object.value} has ${values.length} values of ${name}.`);
  return String(values[0]!.value satisfies AttributeValue);
}

/** The feed and the action of the vendor. */
export function mirrorManifests(): { manifest: Partial<PluginManifest>; other: PluginManifest } {
  const sender = goodPluginManifest(SENDER_FOLDER);
  return {
    manifest: {
      kind: 'feed',
      produces: [{ type: 'indicator', subtypes: ['FQDN'] }],
      accepts: undefined,
      emits: FIELDS.map((name) => ({ name, type: 'string', mode: 'replace' })),
      mirror: { in: ['state', 'category', 'owner'], out: ['state', 'category'], action: sender.id },
    },
    other: { ...behaviourManifest(), id: sender.id, triggers: ['manual', 'event'] },
  };
}
