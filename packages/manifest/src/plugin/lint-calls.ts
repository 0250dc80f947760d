import { nearestName } from '@drover/model';
import { childPointer } from '../json/json-pointer.js';
import { type JsonRecord, type Placed, placedRecords, recordOf, textOf } from '../json/json-shapes.js';
import { problem, type Problem } from '../json/problem.js';
import { lintPath } from './lint-path.js';

type Call = Placed<JsonRecord>;

/** Every call: a name of its own, a sound path, what it refers to is there, and its words agree with each other. */
export function lintCalls(manifest: JsonRecord): Problem[] {
  const calls = placedRecords(manifest.calls, '/calls');
  return [
    ...lintNames(calls),
    ...calls.flatMap((call) => [
      ...lintPath(call.value.path, childPointer(call.pointer, 'path')),
      ...lintRateGroup(call, manifest),
      ...lintAuth(call, manifest),
      ...lintEffect(call),
      ...lintDelivery(call, manifest),
    ]),
    ...lintInputMode(calls, manifest),
  ];
}

function lintNames(calls: readonly Call[]): Problem[] {
  const seen = new Set<unknown>();
  return calls.flatMap(({ value: { name }, pointer }) => {
    if (typeof name !== 'string' || !seen.has(name)) {
      seen.add(name);
      return [];
    }
    const message = `A call named “${name}” is there already: give this one another name.`;
    return [problem('VALUE_DOUBLED', childPointer(pointer, 'name'), message)];
  });
}

function lintRateGroup({ value, pointer }: Call, manifest: JsonRecord): Problem[] {
  const group = textOf(value.rateGroup);
  const groups = Object.keys(recordOf(recordOf(manifest.limits).rateGroups));
  if (group === undefined || group === 'default' || groups.includes(group)) return [];
  const message = `limits.rateGroups has no “${group}”: ${meant(group, groups)}`;
  return [problem('RATE_GROUP_UNKNOWN', childPointer(pointer, 'rateGroup'), message)];
}

function lintAuth({ value, pointer }: Call, manifest: JsonRecord): Problem[] {
  const ways = Object.keys(recordOf(recordOf(manifest.connection).auth));
  const path = childPointer(pointer, 'auth');
  if (value.auth === undefined) {
    if (ways.length <= 1 || ways.includes('default')) return [];
    const message = `The connection has several ways to authenticate (${ways.join(', ')}): name one, or call one of them “default”.`;
    return [problem('AUTH_UNKNOWN', path, message)];
  }
  const way = textOf(value.auth);
  if (way === undefined || ways.includes(way)) return [];
  return [problem('AUTH_UNKNOWN', path, `connection.auth has no “${way}”: ${meant(way, ways)}`)];
}

function lintEffect({ value, pointer }: Call): Problem[] {
  const { effect, method } = value;
  if (effect !== 'read' || !['PUT', 'PATCH', 'DELETE'].includes(String(method))) return [];
  const message = `A ${String(method)} that only reads is not believed: say “write” or “destructive”, or correct the method.`;
  return [problem('EFFECT_CONTRADICTS', childPointer(pointer, 'effect'), message)];
}

function lintDelivery({ value, pointer }: Call, manifest: JsonRecord): Problem[] {
  if (value.delivery !== 'once') return [];
  const path = childPointer(pointer, 'delivery');
  if (value.effect === 'read') {
    return [problem('DELIVERY_CONTRADICTS', path, 'Reading twice does no harm: say “repeatable”.')];
  }
  if (recordOf(manifest.limits).scope === 'whole') {
    const message =
      'A call that is sent once belongs to one object, which scope “whole” has not: say “slice”, or “repeatable”.';
    return [problem('DELIVERY_CONTRADICTS', path, message)];
  }
  return [];
}

function lintInputMode(calls: readonly Call[], manifest: JsonRecord): Problem[] {
  const once = calls.find(({ value }) => value.delivery === 'once');
  if (!once || manifest.inputMode !== 'changed') return [];
  const message = `The call “${String(once.value.name)}” is sent once for an object, so that changed ones cannot be offered again: say “new”.`;
  return [problem('DELIVERY_CONTRADICTS', '/inputMode', message)];
}

function meant(text: string, names: readonly string[]): string {
  const near = nearestName(text, names);
  if (near !== undefined) return `did you mean “${near}”?`;
  return names.length === 0 ? 'declare it there.' : `declare it there, or use ${names.join(', ')}.`;
}
