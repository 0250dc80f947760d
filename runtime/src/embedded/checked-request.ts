import type { Connection, InstalledPlugin } from '@drover/engine';
import { Fault, FaultList } from '@drover/model';

/** Fault `INVALID_ARGUMENT` when the connection is another vendor's. */
export function checkVendor({ pluginId, manifest }: InstalledPlugin, connection: Connection): void {
  if (connection.vendor === manifest.vendor) return;
  throw new Fault(
    'INVALID_ARGUMENT',
    `${pluginId} is of the vendor ${manifest.vendor}; the connection "${connection.name}" is of ${connection.vendor}.`,
    { path: '/connection' },
  );
}

/** The config with the schema's defaults filled in. Fault `CONFIG_INVALID` with every problem. */
export async function checkedConfig(
  { pluginId, manifest }: InstalledPlugin,
  config: Record<string, unknown>,
  { partial = false }: { partial?: boolean } = {},
): Promise<Record<string, unknown>> {
  const { checkConfig } = await import('./schema-checks.js');
  const result = checkConfig(manifest.config, config, { isSound: true });
  if (result.ok) return result.config;
  const problems = result.problems.filter(({ code }) => !partial || code !== 'PROPERTY_MISSING');
  if (problems.length === 0) return config;
  const what = problems.length === 1 ? 'One value is' : `${problems.length} values are`;
  throw new FaultList('CONFIG_INVALID', `${what} not right in the config of ${pluginId}.`, problems);
}

/** A command's input with the schema's defaults filled in. Fault `INPUT_INVALID` with every problem. */
export async function checkedInput(
  { pluginId, manifest }: InstalledPlugin,
  input: Record<string, unknown>,
): Promise<Record<string, unknown>> {
  const { checkConfig } = await import('./schema-checks.js');
  const result = checkConfig(manifest.input, input, { isSound: true });
  if (result.ok) return result.config;
  const { problems } = result;
  const what = problems.length === 1 ? 'One value is' : `${problems.length} values are`;
  throw new FaultList('INPUT_INVALID', `${what} not right in the input of ${pluginId}.`, problems);
}
