import type { InstalledPlugin } from '@drover/engine';
import { checkConfig } from '@drover/manifest';
import { FaultList } from '@drover/model';

/** The config with the schema's defaults filled in. Fault `CONFIG_INVALID` with every problem. */
export function checkedConfig(
  { pluginId, manifest }: InstalledPlugin,
  config: Record<string, unknown>,
  { partial = false }: { partial?: boolean } = {},
): Record<string, unknown> {
  const result = checkConfig(manifest.config, config);
  if (result.ok) return result.config;
  const problems = result.problems.filter(({ code }) => !partial || code !== 'PROPERTY_MISSING');
  if (problems.length === 0) return config;
  const what = problems.length === 1 ? 'One value is' : `${problems.length} values are`;
  throw new FaultList('CONFIG_INVALID', `${what} not right in the config of ${pluginId}.`, problems);
}
