import type { HookContext, Invocation, InvokeOptions, PluginTarget } from '@drover/engine';
import type { CallSpec, ConnectionId, LimitsSpec, PluginManifest, PluginObject } from '@drover/model';

export function targetOf(
  plugin: string,
  options: { digest?: string; limits?: Partial<LimitsSpec>; calls?: CallSpec[] } = {},
): PluginTarget {
  const manifest: PluginManifest = {
    id: plugin,
    version: '1.0.0',
    name: plugin,
    description: 'A plugin of a test.',
    vendor: 'Example',
    kind: 'action',
    engines: { drover: '^0.1.0' },
    protocol: 1,
    connection: { schema: {}, auth: {} },
    config: {},
    calls: options.calls ?? [],
    limits: { objectsPerRun: { default: 1_000, max: 1_000 }, batch: { objects: 100 }, ...options.limits },
    triggers: ['manual'],
  };
  return {
    bundleDigest: options.digest ?? 'digest',
    manifest,
    connection: {
      id: 'con_test' as ConnectionId,
      name: 'test',
      vendor: 'Example',
      settings: { baseUrl: 'https://api.example.com' },
      transport: { verifyTls: true, proxy: 'system' },
      secrets: {},
      createdAt: '2026-01-01T00:00:00.000Z',
      updatedAt: '2026-01-01T00:00:00.000Z',
    },
  };
}

export function contextOf(config: Record<string, unknown> = {}, { runId = 'run_test' } = {}): HookContext {
  return {
    config,
    run: {
      id: runId,
      mode: 'apply',
      trigger: 'manual',
      pass: { isFirstSlice: true, isLastSlice: true, remaining: 0 },
      startedAt: '2026-01-01T00:00:00.000Z',
      attempt: 1,
    },
  };
}

export function objectsOf(count: number): PluginObject[] {
  return Array.from({ length: count }, (_, index) => ({
    id: `obj_${index}`,
    type: 'indicator',
    subtype: 'URL',
    value: `https://host-${index}.example.com/some/path/of/a/page?query=${index}`,
    aliases: [],
    attributes: [{ name: 'Confidence', value: index, source: 'Example Feed' }],
    revision: 1,
  }));
}

export function executeOf(objects: PluginObject[], prepared: unknown = null): Invocation {
  return { hook: 'execute', objects, index: 0, isFirstOfPass: true, prepared };
}

export function optionsOf(options: Partial<InvokeOptions> = {}): InvokeOptions {
  return { signal: new AbortController().signal, beforeWrite: async () => ({ do: 'send' }), ...options };
}
