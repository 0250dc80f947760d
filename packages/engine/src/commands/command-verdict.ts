import { createHash } from 'node:crypto';
import { checkOutput } from '@drover/manifest';
import { type CommandStatus, type FaultRecord, type PluginManifest } from '@drover/model';
import type { InvocationResult } from '../ports/plugin-runtime.js';
import type { CommandGate, CommandWrite } from './command-gate.js';

/** What a command came to. */
export interface CommandVerdict {
  status: Exclude<CommandStatus, 'running'>;
  /** Of a command that succeeded; `null` is an output, too. */
  output?: unknown;
  /** The first write of a plan. */
  planned?: CommandWrite;
  fault?: FaultRecord & { problems?: readonly FaultRecord[] };
}

/**
 * Holds what the hook gave against the manifest. A once-only call without an answer makes it `unknown`, whatever the
 * plugin made of that.
 */
export function commandVerdict(
  manifest: PluginManifest,
  { result, gate }: { result: InvocationResult; gate: CommandGate },
): CommandVerdict {
  if (gate.planned !== undefined) return { status: 'succeeded', planned: gate.planned };
  if (gate.unanswered !== undefined) return { status: 'unknown', fault: noAnswer(gate.unanswered, result) };
  if (!result.ok) {
    return { status: result.fault.code === 'VENDOR_NO_ANSWER' ? 'unknown' : 'failed', fault: result.fault };
  }
  const problems = checkOutput(manifest.output, result.value);
  if (problems.length === 0) return { status: 'succeeded', output: result.value };
  const [first] = problems;
  const count = problems.length === 1 ? 'One value is' : `${problems.length} values are`;
  return {
    status: 'failed',
    fault: {
      code: 'VENDOR_CONTRACT',
      message: `${count} not as the output of ${manifest.id} is declared, first at ${first!.path || 'its top'}: ${first!.message}`,
      path: first!.path,
      problems,
    },
  };
}

function noAnswer(call: string, result: InvocationResult): FaultRecord {
  if (!result.ok && result.fault.code === 'VENDOR_NO_ANSWER') return result.fault;
  const why = result.ok ? '' : ` (${result.fault.message})`;
  return {
    code: 'VENDOR_NO_ANSWER',
    message: `The call ${call} may have reached the vendor, and no answer came${why}; look there before you run the command again.`,
  };
}

/** How an output is remembered. */
export function outputMark(output: unknown): { bytes: number; digest: string } {
  const text = JSON.stringify(output) ?? '';
  return { bytes: Buffer.byteLength(text), digest: createHash('sha256').update(text).digest('hex') };
}
