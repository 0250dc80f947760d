import type { PointsReport } from '../governor/rate-limit-headers.js';
import type { PointsSpec } from '@drover/model';
import type { RawAnswer } from './call-reply.js';

/** What an answer says of the budget of points; `undefined` when it does not, or says something else than numbers. */
export function readPoints(spec: PointsSpec | undefined, { text }: RawAnswer): PointsReport | undefined {
  if (spec === undefined) return undefined;
  const body = parse(text);
  const [left, spent, resetMs] = [spec.left, spec.spent, spec.resetMs].map((pointer) =>
    numberAt(body, pointer),
  );
  return left === undefined || spent === undefined || resetMs === undefined
    ? undefined
    : { left, spent, resetMs };
}

function numberAt(body: unknown, pointer: string): number | undefined {
  const keys = pointer
    .slice(1)
    .split('/')
    .map((key) => key.replaceAll('~1', '/').replaceAll('~0', '~'));
  const value = keys.reduce<unknown>(
    (at, key) =>
      typeof at === 'object' && at !== null && Object.hasOwn(at, key) ? at[key as never] : undefined,
    body,
  );
  return typeof value === 'number' && Number.isFinite(value) && value >= 0 ? value : undefined;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
