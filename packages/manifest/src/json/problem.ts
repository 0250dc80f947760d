import type { FaultCode, FaultRecord } from '@drover/model';

/** One thing wrong with a document: a code of the fault table, where (a JSON Pointer), what and what to do. */
export interface Problem extends FaultRecord {
  code: FaultCode;
  path: string;
}

export function problem(code: FaultCode, path: string, message: string): Problem {
  return { code, message, path };
}

/** The same problems once each, in the order of their places. */
export function orderProblems(problems: readonly Problem[]): Problem[] {
  const seen = new Map(problems.map((each) => [`${each.code} ${each.path} ${each.message}`, each]));
  return [...seen.values()].toSorted((left, right) => compare(left.path, right.path));
}

function compare(left: string, right: string): number {
  if (left === right) return 0;
  return left < right ? -1 : 1;
}

/** The problems as one sentence for a fault's message. */
export function summarize(what: string, problems: readonly Problem[]): string {
  const count = problems.length === 1 ? 'one problem' : `${problems.length} problems`;
  const [first] = problems;
  return `${what} has ${count}${first ? `, first at ${first.path || 'its top'}: ${first.message}` : '.'}`;
}
