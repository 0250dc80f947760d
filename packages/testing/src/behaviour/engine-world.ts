import { setTimeout as sleep } from 'node:timers/promises';
import {
  type Doorbell,
  Engine,
  type EngineOptions,
  type EnginePorts,
  type RunSubmission,
  type StoredCollection,
} from '@drover/engine';
import { type PluginManifest, type Run, type RunId, hasEnded } from '@drover/model';
import { InProcessDoorbell } from '@drover/queue';
import {
  type Database,
  KyselyCallJournal,
  KyselyCollectionLibrary,
  KyselyConnectionVault,
  KyselyFeedLedger,
  KyselyLeases,
  KyselyMirrorLedger,
  KyselyObjectLibrary,
  KyselyPluginLibrary,
  KyselyRunLedger,
  readSecretFile,
} from '@drover/store';
import { goodBundleManifest, goodPluginManifest } from '../bundles/good-bundle.js';
import { type Script, ScriptedRuntime } from './scripted-runtime.js';

const SOURCE = 'Behaviour test';
const UPSERT_OBJECTS = 1_000;
const POLL_MS = 8;

export interface WorldOptions {
  manifest?: Partial<PluginManifest>;
  /** A second plugin, in the folder `untag-host`. */
  other?: PluginManifest;
  script?: Script;
  objects?: number;
  engine?: Partial<EngineOptions>;
}

/** What the engines over one database stand on beside it. */
export interface Ground {
  /** What wakes each of them. */
  doorbell(): Doorbell;
  /** Whether they execute side by side. */
  shared: boolean;
}

const ALONE: Ground = { doorbell: () => new InProcessDoorbell(), shared: false };
const grounds = new WeakMap<Database, Ground>();

/** Has the worlds over this database stand on something else than a single process. */
export function setGround(database: Database, ground: Ground): void {
  grounds.set(database, ground);
}

/** An engine over a real store with one plugin installed, one connection and one collection. */
export interface EngineWorld {
  engine: Engine;
  runtime: ScriptedRuntime;
  ledger: KyselyRunLedger;
  feeds: KyselyFeedLedger;
  mirrors: KyselyMirrorLedger;
  objects: KyselyObjectLibrary;
  collection: StoredCollection;
  database: Database;
  submission: RunSubmission;
  /** Faults that had no run to be stored with. */
  errors: unknown[];
  /** Adds objects to the collection, `host<from>.example.com` upwards. */
  addObjects(range: { from: number; count: number }): Promise<void>;
  /** Submits and waits for the end. */
  run(changes?: Partial<RunSubmission>): Promise<Run>;
  waitFor(runId: RunId): Promise<Run>;
  /** Lets every engine look for work that has become due. */
  ring(): Promise<void>;
  /** Another engine over the same store, as another process would have. */
  another(script: Script, options?: AnotherOptions): { engine: Engine; runtime: ScriptedRuntime };
  close(): Promise<void>;
}

export type AnotherOptions = Partial<EngineOptions> & {
  /** Puts something in front of the ports, such as a point at which the process dies. */
  ports?(ports: EnginePorts): EnginePorts;
};

/** An action over FQDNs with small limits, for tests to change. */
export function behaviourManifest(changes: Partial<PluginManifest> = {}): PluginManifest {
  return goodPluginManifest('tag-host', {
    accepts: [{ type: 'indicator', subtypes: ['FQDN'] }],
    emits: [{ name: 'Tag', type: 'string', mode: 'replace' }],
    limits: { objectsPerRun: { default: 100, max: 100_000 }, batch: { objects: 10 }, concurrency: 2 },
    triggers: ['manual', 'schedule'],
    ...changes,
  });
}

export async function openEngineWorld(database: Database, options: WorldOptions = {}): Promise<EngineWorld> {
  const plugins = new KyselyPluginLibrary(database);
  const connections = new KyselyConnectionVault(database, PLAIN_CIPHER, {
    env: {},
    readFile: readSecretFile,
  });
  const objects = new KyselyObjectLibrary(database);
  const collections = new KyselyCollectionLibrary(database);
  const now = options.engine?.now;
  const ledger = new KyselyRunLedger(database, now === undefined ? {} : { now: () => now().getTime() });
  const leases = new KyselyLeases(database);
  const feeds = new KyselyFeedLedger(database);
  const mirrors = new KyselyMirrorLedger(database);
  const manifest = behaviourManifest(options.manifest);
  await plugins.install({
    digest: 'd'.repeat(64),
    zip: Buffer.from('zip'),
    bundle: goodBundleManifest({ plugins: options.other ? ['tag-host', 'untag-host'] : ['tag-host'] }),
    plugins: [manifest, ...(options.other ? [options.other] : [])],
  });
  const connection = await connections.create({
    name: 'prod',
    vendor: 'Acme',
    settings: { baseUrl: 'https://api.example.com' },
  });
  const collection = await collections.create({ name: 'hosts', kind: 'fixed' });
  const errors: unknown[] = [];
  const engines: Engine[] = [];
  const doorbells: Doorbell[] = [];
  const ground = grounds.get(database) ?? ALONE;

  function another(script: Script, { ports = (own) => own, ...changes }: AnotherOptions = {}) {
    const runtime = new ScriptedRuntime(script);
    const journal = new KyselyCallJournal(database);
    const doorbell = ground.doorbell();
    const engine = new Engine(
      ports({ ledger, journal, feeds, mirrors, plugins, connections, leases, doorbell, runtime }),
      {
        owner: `engine-${engines.length}`,
        self: { engine: engines.length },
        isDead: () => false,
        onError: (fault) => errors.push(fault),
        concurrency: 4,
        shared: ground.shared,
        ...options.engine,
        ...changes,
      },
    );
    engines.push(engine);
    doorbells.push(doorbell);
    return { engine, runtime };
  }

  async function addObjects({ from, count }: { from: number; count: number }): Promise<void> {
    for (let at = from; at < from + count; at += UPSERT_OBJECTS) {
      const size = Math.min(UPSERT_OBJECTS, from + count - at);
      const drafts = Array.from({ length: size }, (_, n) => ({
        type: 'indicator',
        subtype: 'FQDN',
        value: `host${at + n}.example.com`,
      }));
      await objects.upsert(drafts, { source: SOURCE, at: new Date(), collectionId: collection.id });
    }
  }

  const { engine, runtime } = another(options.script ?? {});
  await addObjects({ from: 0, count: options.objects ?? 0 });
  const plugin = (await plugins.find(manifest.id))!;
  const submission: RunSubmission = { plugin, connection, collection, config: {}, trigger: 'manual' };

  async function waitFor(runId: RunId): Promise<Run> {
    for (;;) {
      const run = await engine.run(runId);
      if (hasEnded(run.status)) return run;
      await sleep(POLL_MS);
    }
  }

  return {
    engine,
    runtime,
    ledger,
    feeds,
    mirrors,
    objects,
    collection,
    database,
    submission,
    errors,
    addObjects,
    async run(changes = {}) {
      const { runId } = await engine.submit({ ...submission, ...changes });
      await engine.start();
      return waitFor(runId!);
    },
    waitFor,
    async ring() {
      for (const doorbell of doorbells) doorbell.look();
    },
    another,
    async close() {
      for (const one of engines) await one.stop();
      for (const doorbell of doorbells) await doorbell.close();
    },
  };
}

/** These worlds hold no secrets; the vault still wants a cipher. */
const PLAIN_CIPHER = {
  seal: (text: string) => ({ v: 1 as const, keyId: '00000000', nonce: '', tag: '', data: text }),
  open: ({ data }: { data: string }) => data,
};
