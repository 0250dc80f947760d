import { type CommandRunId, Fault, type FaultRecord, newId, type RunMode, type Trigger } from '@drover/model';
import type { CommandLedger } from '../ports/command-ledger.js';
import type { Connection } from '../ports/connection-vault.js';
import type { InstalledPlugin } from '../ports/plugin-library.js';
import type { InvocationFigures, PluginRuntime } from '../ports/plugin-runtime.js';
import { CommandGate, type CommandWrite } from './command-gate.js';
import { commandVerdict, type CommandVerdict, outputMark } from './command-verdict.js';

const DEFAULT_LEASE_MS = 30_000;

export interface CommandSubmission {
  plugin: InstalledPlugin;
  connection: Connection;
  /** Checked, defaults filled in. */
  input: Record<string, unknown>;
  config: Record<string, unknown>;
  mode: RunMode;
  trigger: Trigger;
  /** Lets destructive calls leave. */
  confirmed: boolean;
  signal: AbortSignal;
}

export interface CommandRunnerParts {
  ledger: CommandLedger;
  /** Asked for when a command runs: looking at what ran needs none. */
  runtime(): Promise<PluginRuntime>;
  /** What this process says of itself. */
  self: Record<string, unknown>;
  /** Whether a process that says this of itself is known to be dead. */
  isDead(owner: Record<string, unknown>): boolean;
  /** How long a command is taken for running without a sign of life. Default 30,000. */
  leaseMs?: number;
}

export interface EndedCommand {
  id: CommandRunId;
  verdict: CommandVerdict;
  figures: InvocationFigures;
}

/** Runs commands, each on record from before its plugin runs to its end, and closes those whose process died. */
export class CommandRunner {
  readonly #parts: CommandRunnerParts;
  readonly #leaseMs: number;

  constructor(parts: CommandRunnerParts) {
    this.#parts = parts;
    this.#leaseMs = parts.leaseMs ?? DEFAULT_LEASE_MS;
  }

  /** Runs one command once. What it came to is the answer; rejects only when it cannot be put on record. */
  async run(submission: CommandSubmission): Promise<EndedCommand> {
    const { ledger } = this.#parts;
    const id = newId('commandRun');
    const startedAt = new Date();
    const { plugin, connection, input, config, mode, trigger } = submission;
    await ledger.begin({
      id,
      pluginId: plugin.pluginId,
      actionId: plugin.actionId,
      version: plugin.version,
      connectionId: connection.id,
      mode,
      trigger,
      input,
      config,
      startedAt,
      owner: this.#parts.self,
      leaseUntil: this.#leaseFrom(startedAt),
    });
    const prolonging = setInterval(() => {
      // A store that cannot be written to is told by the end of the command.
      void ledger.prolong(id, this.#leaseFrom(new Date())).catch(() => undefined);
    }, this.#leaseMs / 3);
    prolonging.unref();
    try {
      return await this.#invoke(id, startedAt, submission);
    } finally {
      clearInterval(prolonging);
    }
  }

  async #invoke(id: CommandRunId, startedAt: Date, submission: CommandSubmission): Promise<EndedCommand> {
    const { ledger } = this.#parts;
    const runtime = await this.#parts.runtime();
    const { plugin, connection, input, config, mode, trigger, signal, confirmed } = submission;
    const { manifest, bundleDigest } = plugin;
    const gate = new CommandGate({
      mode,
      confirm: async (write) => {
        if (!confirmed) throw notConfirmed(write);
      },
      leaving: ({ call }) => ledger.leaving(id, call),
    });
    const pass = { isFirstSlice: true, isLastSlice: true, remaining: 0 };
    const run = { id, mode, trigger, pass, startedAt: startedAt.toISOString(), attempt: 1 };
    const result = await runtime.invoke(
      { bundleDigest, manifest, connection },
      { config, run },
      { hook: 'run', input },
      { signal, beforeWrite: gate.beforeWrite },
    );
    const verdict = commandVerdict(manifest, { result, gate });
    const { vendorCalls, vendorWrites, waitedMs } = result.figures;
    await ledger.end(id, {
      status: verdict.status,
      at: new Date(),
      vendorCalls,
      vendorWrites,
      waitedMs,
      ...(verdict.fault === undefined ? {} : { fault: withoutProblems(verdict.fault) }),
      ...('output' in verdict ? { output: outputMark(verdict.output) } : {}),
    });
    return { id, verdict, figures: result.figures };
  }

  #leaseFrom(at: Date): Date {
    return new Date(at.getTime() + this.#leaseMs);
  }

  /** Ends what processes left that are dead or have long said nothing. */
  async closeInterrupted(now = new Date()): Promise<void> {
    const { ledger, isDead } = this.#parts;
    for (const open of await ledger.open()) {
      if (open.leaseUntil > now && !isDead(open.owner)) continue;
      const status = open.sentCall === undefined ? 'failed' : 'unknown';
      await ledger.close(open, { status, at: now, fault: interrupted(open.sentCall) });
    }
  }
}

function withoutProblems({ problems: _told, ...fault }: NonNullable<CommandVerdict['fault']>): FaultRecord {
  return fault;
}

function notConfirmed({ call, method, path, blastRadius }: CommandWrite): Fault {
  const also = blastRadius === undefined ? '' : ` ${blastRadius}`;
  return new Fault(
    'CONFIRMATION_NEEDED',
    `The call ${call} (${method} ${path}) is destructive and was not sent.${also} Run the command with --yes to send it.`,
  );
}

function interrupted(sentCall: string | undefined): FaultRecord {
  const sent =
    sentCall === undefined
      ? 'no call that writes had left'
      : `the call ${sentCall} may have reached the vendor; look there before you run the command again`;
  return { code: 'COMMAND_INTERRUPTED', message: `The process that ran the command stopped; ${sent}.` };
}
