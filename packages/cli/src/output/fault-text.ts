import { FAULTS, type Fault, type FaultList, type FaultRecord } from '@drover/model';
import { safeText } from './safe-text.js';

const DEFAULT_EXIT_CODE = 3;

/** The exit code of a command that ends with this fault. */
export function exitCodeOf(fault: Pick<Fault, 'code'>): number {
  return entryOf(fault.code)?.exitCode ?? DEFAULT_EXIT_CODE;
}

/** A fault as people read it: code and sentence, each of its problems below; the stack only when asked. */
export function faultText(fault: Fault, { verbose }: { verbose: boolean }): string {
  const lines = [line(fault), ...problemsOf(fault).map((problem) => `  - ${line(problem)}`)];
  if (verbose) {
    const help = entryOf(fault.code)?.help;
    if (help !== undefined) lines.push(`  ${help}`);
    lines.push(...stacks(fault));
  }
  return lines.join('\n');
}

/** A fault as machines read it, the `error` of one JSON line. */
export function faultDocument(fault: Fault): Record<string, unknown> {
  return {
    error: {
      code: fault.code,
      message: fault.message,
      path: fault.path,
      help: entryOf(fault.code)?.help,
      problems: problemsOf(fault).length === 0 ? undefined : problemsOf(fault),
    },
  };
}

function line({ code, message, path }: Pick<FaultRecord, 'code' | 'message' | 'path'>): string {
  const where = path === undefined || message.includes(path) ? '' : ` (at ${path})`;
  return safeText(`${code}: ${message}${where}`);
}

function problemsOf(fault: Fault): readonly FaultRecord[] {
  return (fault as Partial<FaultList>).problems ?? [];
}

function stacks(fault: Fault): string[] {
  const found: string[] = [];
  let cause: unknown = fault;
  while (typeof cause === 'object' && cause !== null) {
    const { stack } = cause as { stack?: string };
    if (stack !== undefined) found.push(found.length === 0 ? stack : `caused by: ${stack}`);
    cause = (cause as { cause?: unknown }).cause;
  }
  return found;
}

function entryOf(code: string) {
  return Object.hasOwn(FAULTS, code) ? FAULTS[code as keyof typeof FAULTS] : undefined;
}
