import type {
  Connection,
  ConnectionTest,
  HookContext,
  InstalledPlugin,
  InvocationResult,
  PluginRuntime,
} from '@drover/engine';
import { newId } from '@drover/model';

type Steps = ConnectionTest['steps'];

/** Runs a plugin's `testConnection` over a connection. What it would write is refused by the broker. */
export async function testConnection(
  runtime: PluginRuntime,
  plugin: InstalledPlugin,
  connection: Connection,
): Promise<ConnectionTest> {
  const { manifest, bundleDigest } = plugin;
  const result = await runtime.invoke(
    { bundleDigest, manifest, connection },
    await contextOf(plugin),
    { hook: 'testConnection' },
    { signal: new AbortController().signal, beforeWrite: async () => ({ do: 'send' }) },
  );
  return { connection: connection.name, pluginId: plugin.pluginId, ...verdictOf(result) };
}

async function contextOf({ manifest, defaults }: InstalledPlugin): Promise<HookContext> {
  const { checkConfig } = await import('./schema-checks.js');
  const config = checkConfig(manifest.config, defaults);
  return {
    // What a run has to give may be missing: a connection is tested before there is a run.
    config: config.ok ? config.config : defaults,
    run: {
      id: newId('run'),
      mode: 'plan',
      trigger: 'manual',
      pass: { isFirstSlice: true, isLastSlice: true, remaining: 0 },
      startedAt: new Date().toISOString(),
      attempt: 1,
    },
  };
}

function verdictOf(result: InvocationResult): Pick<ConnectionTest, 'result' | 'steps' | 'fault'> {
  if (!result.ok) return { result: 'failed', steps: [], fault: result.fault };
  if (result.value === undefined || result.value === null) return { result: 'untested', steps: [] };
  if (!isSteps(result.value)) {
    const message = 'testConnection has to return a list of steps, each with a text "step" and "ok".';
    return { result: 'failed', steps: [], fault: { code: 'PLUGIN_CONTRACT', message } };
  }
  const steps = result.value;
  return { result: steps.every(({ ok }) => ok) ? 'ok' : 'failed', steps };
}

function isSteps(value: unknown): value is Steps {
  return (
    Array.isArray(value) &&
    value.every(({ step, ok, detail }: Partial<Record<string, unknown>>) => {
      const isDetail = detail === undefined || typeof detail === 'string';
      return typeof step === 'string' && typeof ok === 'boolean' && isDetail;
    })
  );
}
