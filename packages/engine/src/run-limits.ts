import { createHash } from 'node:crypto';
import type { PluginManifest } from '@drover/model';
import type { RunLimits } from './ports/run-ledger.js';

export function runLimitsOf({ limits }: PluginManifest): RunLimits {
  return {
    batchObjects: limits.batch.objects,
    ...(limits.batch.bytes === undefined ? {} : { batchBytes: limits.batch.bytes }),
    concurrency: limits.concurrency ?? 1,
    runConcurrency: limits.runConcurrency ?? limits.concurrency ?? 1,
    firstBatchAlone: limits.firstBatchAlone ?? false,
    scope: limits.scope ?? 'slice',
  };
}

/** What runs of the manifest exclude each other by: the connection, values of the config, or both. */
export function exclusiveKeyOf(
  { id, limits }: PluginManifest,
  connectionId: string,
  config: Record<string, unknown>,
): string | undefined {
  if (limits.exclusiveBy === undefined || limits.exclusiveBy.length === 0) return undefined;
  const parts = limits.exclusiveBy.map((by) => (by === 'connection' ? connectionId : atPointer(config, by)));
  return digestOf([id, parts]);
}

function atPointer(document: unknown, pointer: string): unknown {
  return pointer
    .split('/')
    .slice(1)
    .map((token) => token.replaceAll('~1', '/').replaceAll('~0', '~'))
    .reduce<unknown>((at, token) => (at as Record<string, unknown> | undefined)?.[token], document);
}

/** A short hash of a JSON value that does not depend on the order of its keys. */
export function digestOf(value: unknown): string {
  return createHash('sha256')
    .update(JSON.stringify(sortKeys(value)) ?? '')
    .digest('base64url')
    .slice(0, 32);
}

function sortKeys(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sortKeys);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .sort(([left], [right]) => (left < right ? -1 : 1))
      .map(([key, inner]) => [key, sortKeys(inner)]),
  );
}
