import { childPointer, pointerKeys } from '../json/json-pointer.js';
import { type JsonRecord, placedTexts, recordOf } from '../json/json-shapes.js';
import { problem, type Problem } from '../json/problem.js';

/** Limits agree with each other, with the config they point into, and with the triggers. */
export function lintLimits(manifest: JsonRecord): Problem[] {
  const limits = recordOf(manifest.limits);
  return [
    ...lintSizes(limits),
    ...lintRateGroups(limits),
    ...lintExclusiveBy(limits, manifest),
    ...lintScope(manifest),
  ];
}

function lintSizes(limits: JsonRecord): Problem[] {
  const perRun = recordOf(limits.objectsPerRun);
  const { objects } = recordOf(limits.batch);
  const problems: Problem[] = [];
  if (isAbove(perRun.default, perRun.max)) {
    const message = `The default is above the maximum of ${String(perRun.max)}: lower it, or raise the maximum.`;
    problems.push(problem('LIMITS_CONTRADICT', '/limits/objectsPerRun/default', message));
  }
  if (isAbove(objects, perRun.max)) {
    const message = `A batch is never larger than the ${String(perRun.max)} objects of a run: lower it, or raise limits.objectsPerRun.max.`;
    problems.push(problem('LIMITS_CONTRADICT', '/limits/batch/objects', message));
  }
  const { concurrency = 1, runConcurrency } = limits;
  if (isAbove(runConcurrency, concurrency)) {
    const message = `A run has no more in flight than the plugin’s ${String(concurrency)}: lower it, or raise limits.concurrency.`;
    problems.push(problem('LIMITS_CONTRADICT', '/limits/runConcurrency', message));
  }
  return problems;
}

function lintRateGroups(limits: JsonRecord): Problem[] {
  return Object.entries(recordOf(limits.rateGroups)).flatMap(([name, group]) => {
    const { burst, requests } = recordOf(group);
    if (!isAbove(burst, requests)) return [];
    const path = childPointer(childPointer('/limits/rateGroups', name), 'burst');
    const message = `A burst is part of the ${String(requests)} requests of the limit: lower it, or leave it out.`;
    return [problem('LIMITS_CONTRADICT', path, message)];
  });
}

function isAbove(left: unknown, right: unknown): boolean {
  return typeof left === 'number' && typeof right === 'number' && left > right;
}

function lintExclusiveBy(limits: JsonRecord, manifest: JsonRecord): Problem[] {
  return placedTexts(limits.exclusiveBy, '/limits/exclusiveBy')
    .filter((key) => key.value.startsWith('/') && !leadsToProperty(manifest.config, key.value))
    .map((key) => {
      const message = `The config has no property at ${key.value}: point to one that it has, or declare it.`;
      return problem('POINTER_UNKNOWN', key.pointer, message);
    });
}

function leadsToProperty(schema: unknown, pointer: string): boolean {
  let at = recordOf(schema);
  for (const key of pointerKeys(pointer) ?? ['']) {
    const properties = recordOf(at.properties);
    if (!Object.hasOwn(properties, key)) return false;
    at = recordOf(properties[key]);
  }
  return true;
}

/** Scope `whole` states all of a vendor's list at once; offering parts of the collection would remove the rest. */
function lintScope(manifest: JsonRecord): Problem[] {
  if (recordOf(manifest.limits).scope !== 'whole') return [];
  const partial = placedTexts(manifest.triggers, '/triggers')
    .filter((trigger) => ['schedule', 'event'].includes(trigger.value))
    .map((trigger) => {
      const message = `The trigger “${trigger.value}” offers only some objects, and scope “whole” takes the collection for all there is: take the trigger out, or say “slice”.`;
      return problem('SCOPE_CONTRADICTS', trigger.pointer, message);
    });
  if (manifest.inputMode === undefined) return partial;
  const message = 'Scope “whole” always takes the whole collection: leave inputMode out, or say “slice”.';
  return [...partial, problem('SCOPE_CONTRADICTS', '/inputMode', message)];
}
