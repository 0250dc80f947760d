import { Fault, type FeedId, type PluginManifest, type RunId, type Trigger } from '@drover/model';
import type { Connection } from './ports/connection-vault.js';
import type { StoredCollection } from './ports/object-library.js';
import type { InstalledPlugin, PluginLibrary, PluginVersion } from './ports/plugin-library.js';
import type { Pass, RunLedger } from './ports/run-ledger.js';
import { digestOf, exclusiveKeyOf, runLimitsOf } from './run-limits.js';

/** One use of an action, as asked for. */
export interface RunSubmission {
  plugin: InstalledPlugin;
  connection: Connection;
  collection: StoredCollection;
  /** Validated against the manifest's config schema. */
  config: Record<string, unknown>;
  trigger: Trigger;
  /** Names the step whose handled objects count; a scheduled run needs one. */
  stepKey?: string;
  /** The cap. Default: the manifest's. */
  objectsPerRun?: number;
  /** Give up the open pass, if there is one, and offer the collection anew. */
  restart?: boolean;
  /** A plan: what a run would send, without sending it. It changes nothing, so it goes with no `restart`. */
  plan?: boolean;
  /** The open send of a feed that this run is. */
  sendOf?: { feedId: FeedId; begunAt: string };
}

/** What became of a submission; `runId` is absent when a scheduled pass found nothing to offer. */
export interface Submitted {
  pass: Pass;
  runId?: RunId;
}

/**
 * Opens a pass (or goes on with the open one) and queues a run over its next slice.
 *
 * Faults: `TRIGGER_NOT_ALLOWED`, `INVALID_ARGUMENT`, `NOTHING_ACCEPTED`, `CAP_BELOW_COLLECTION`, `RUN_IN_PROGRESS`.
 */
export async function submitRun(
  { ledger, plugins }: { ledger: RunLedger; plugins: PluginLibrary },
  submission: RunSubmission,
): Promise<Submitted> {
  const { plugin, connection, trigger } = submission;
  checkTrigger(submission);
  checkPlan(submission);
  const mode = submission.plan === true ? 'plan' : 'apply';
  capOf(submission, plugin);
  const opened = await ledger.openPass({
    offering: offeringOf(submission),
    pluginId: plugin.pluginId,
    actionId: plugin.actionId,
    bundleDigest: plugin.bundleDigest,
    connectionId: connection.id,
    collectionId: submission.collection.id,
    ...(submission.stepKey === undefined ? {} : { stepKey: submission.stepKey }),
    config: submission.config,
    trigger,
    restart: submission.restart ?? false,
    mode,
  });
  const version = await versionOf(plugins, plugin, opened);
  const { manifest } = version;
  const objectsPerRun = capOf(submission, version);
  const rule = {
    accepts: manifest.accepts ?? [],
    inputMode: inputModeOf(manifest),
    reads: manifest.reads ?? [],
  };
  while (await ledger.freezeNext(opened.id, rule));
  const pass = (await ledger.pass(opened.id))!;
  // Of one that another request has given up, nobody has frozen more: making a run of it says so.
  if (pass.objects === 0 && pass.status !== 'abandoned') return nothingToOffer(submission, pass);
  if (manifest.limits.scope === 'whole' && pass.remaining > objectsPerRun) {
    throw new Fault(
      'CAP_BELOW_COLLECTION',
      `${manifest.name} takes its collection whole: ${pass.remaining} objects are above the cap of ${objectsPerRun}; raise it with --objects-per-run (at most ${manifest.limits.objectsPerRun.max}).`,
      { path: '/objectsPerRun' },
    );
  }
  // A plan writes nothing that another run could get in the way of.
  const exclusiveKey =
    mode === 'plan' ? undefined : exclusiveKeyOf(manifest, connection.id, submission.config);
  const runId = await ledger.createRun({
    passId: pass.id,
    trigger,
    mode,
    objectsPerRun,
    limits: runLimitsOf(manifest),
    ...(exclusiveKey === undefined ? {} : { exclusiveKey }),
    ...(submission.sendOf === undefined ? {} : { sendOf: submission.sendOf }),
  });
  return { pass, runId };
}

function checkTrigger({ plugin: { manifest }, trigger, stepKey }: RunSubmission): void {
  if (!manifest.triggers.includes(trigger)) {
    throw new Fault(
      'TRIGGER_NOT_ALLOWED',
      `${manifest.name} may not be run by "${trigger}"; its manifest allows ${manifest.triggers.join(', ')}.`,
      { path: '/trigger' },
    );
  }
  if (trigger === 'schedule' && stepKey === undefined) {
    throw new Fault('INVALID_ARGUMENT', 'A scheduled run needs a step: name it with --step KEY.', {
      path: '/stepKey',
    });
  }
}

function checkPlan({ plan, restart }: RunSubmission): void {
  if (plan !== true || restart !== true) return;
  throw new Fault(
    'INVALID_ARGUMENT',
    'A plan changes nothing, and a restart gives up the open pass: use --plan without --restart, or restart without a plan.',
    { path: '/restart' },
  );
}

/** The version that a pass began with: an open one goes on with it when the plugin was upgraded. */
async function versionOf(
  plugins: PluginLibrary,
  plugin: InstalledPlugin,
  { id, bundleDigest }: Pass,
): Promise<PluginVersion> {
  if (bundleDigest === plugin.bundleDigest) return plugin;
  const version = await plugins.findVersion(plugin.pluginId, bundleDigest);
  if (version !== undefined) return version;
  throw new Fault(
    'NOT_FOUND',
    `The version of ${plugin.pluginId} that ${id} began with is gone; restart it.`,
  );
}

function capOf({ objectsPerRun }: RunSubmission, { manifest }: PluginVersion): number {
  const { default: standard, max } = manifest.limits.objectsPerRun;
  const cap = objectsPerRun ?? standard;
  if (Number.isInteger(cap) && cap >= 1 && cap <= max) return cap;
  throw new Fault('INVALID_ARGUMENT', `Objects per run must be a whole number from 1 to ${max}.`, {
    path: '/objectsPerRun',
  });
}

/** A plugin with once-only calls is offered new objects only: a changed one would be sent again. */
function inputModeOf(manifest: PluginManifest): 'new' | 'changed' {
  const once = manifest.calls.some(({ delivery }) => delivery === 'once');
  return once ? 'new' : (manifest.inputMode ?? 'new');
}

function offeringOf({ plugin, connection, collection, config, stepKey, sendOf }: RunSubmission): string {
  const parts = [plugin.pluginId, connection.id, collection.id, config, stepKey ?? null];
  // Each send is an offering of its own: what an earlier one left is offered by what is stored of it.
  return digestOf(sendOf === undefined ? parts : [...parts, sendOf.feedId, sendOf.begunAt]);
}

function nothingToOffer({ trigger, collection, plugin }: RunSubmission, pass: Pass): Submitted {
  if (trigger === 'schedule') return { pass };
  throw new Fault(
    'NOTHING_ACCEPTED',
    pass.notAccepted === 0
      ? `Collection "${collection.name}" is empty.`
      : `None of the ${pass.notAccepted} objects of collection "${collection.name}" is of a type that ${plugin.manifest.name} accepts.`,
  );
}
