import type { PluginObject } from '@drover/plugin-sdk';
import { latestValue } from './latest-value.js';

/** The id of the asset that an `asset` object is, or that an incident is about. */
export function assetIdOf(object: PluginObject): string | undefined {
  const told = latestValue(object, 'asset_id');
  if (told !== undefined && String(told).trim() !== '') return String(told).trim();
  return object.type === 'asset' ? object.value : undefined;
}
