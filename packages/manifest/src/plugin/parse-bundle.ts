import { type BundleFileList, type BundleManifest, FaultList } from '@drover/model';
import { checkDocument } from '../check/contract.js';
import { copyJson } from '../json/measure-json.js';
import { summarize } from '../json/problem.js';
import type { ParseOptions } from './parse-plugin-manifest.js';

/** `bundle.json` from JSON, as a new value. Fault: `MANIFEST_INVALID`, a `FaultList` with every problem at once. */
export function parseBundleManifest(
  json: unknown,
  { path = 'bundle.json' }: ParseOptions = {},
): BundleManifest {
  const problems = checkDocument('bundle', json);
  if (problems.length > 0) throw new FaultList('MANIFEST_INVALID', summarize(path, problems), problems);
  return copyJson(json) as BundleManifest;
}

/** `files.json` from JSON, as a new value. Fault: `BUNDLE_LIST_INVALID`, a `FaultList` with every problem at once. */
export function parseFileList(json: unknown, { path = 'files.json' }: ParseOptions = {}): BundleFileList {
  const problems = checkDocument('bundle-files', json);
  if (problems.length > 0) throw new FaultList('BUNDLE_LIST_INVALID', summarize(path, problems), problems);
  return copyJson(json) as BundleFileList;
}
