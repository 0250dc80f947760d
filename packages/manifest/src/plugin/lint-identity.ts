import { loadSemver } from '../../lazy/libraries.cjs';
import { engineRangeProblem } from '../engine-range.js';
import { type JsonRecord, placedTexts, recordOf, textOf } from '../json/json-shapes.js';
import { problem, type Problem } from '../json/problem.js';

/** Version, engine range, and the plugins and attributes that it names beside its own. */
export function lintIdentity(manifest: JsonRecord): Problem[] {
  return [
    ...lintVersion(manifest),
    ...lintEngines(manifest),
    ...lintInverse(manifest),
    ...lintMirror(manifest),
  ];
}

function lintVersion({ version }: JsonRecord): Problem[] {
  // Only what the contract's pattern lets through and semver refuses, such as leading zeros.
  if (
    typeof version !== 'string' ||
    !/^[0-9]+\.[0-9]+\.[0-9]+/.test(version) ||
    loadSemver().valid(version) !== null
  )
    return [];
  return [
    problem('VALUE_MALFORMED', '/version', `“${version}” is no semantic version: write one such as 1.0.0.`),
  ];
}

function lintEngines(manifest: JsonRecord): Problem[] {
  const range = textOf(recordOf(manifest.engines).drover);
  if (range === undefined || range === '') return [];
  const refusal = engineRangeProblem(range);
  return refusal === undefined ? [] : [problem('ENGINE_RANGE_INVALID', '/engines/drover', refusal)];
}

function lintInverse(manifest: JsonRecord): Problem[] {
  const { plugin } = recordOf(manifest.inverse);
  if (plugin === undefined || plugin !== manifest.id) return [];
  return [
    problem(
      'VALUE_NOT_ALLOWED',
      '/inverse/plugin',
      'A plugin is not its own inverse: name the one that undoes it.',
    ),
  ];
}

/** What is mirrored has one value on each side: an emitted attribute that a later value replaces. */
function lintMirror(manifest: JsonRecord): Problem[] {
  const mirror = recordOf(manifest.mirror);
  const emits = Array.isArray(manifest.emits) ? manifest.emits.map(recordOf) : [];
  const replaced = emits.filter(({ mode }) => mode === 'replace').map(({ name }) => name);
  return [...placedTexts(mirror.in, '/mirror/in'), ...placedTexts(mirror.out, '/mirror/out')]
    .filter((name) => !replaced.includes(name.value))
    .map((name) => {
      const message = `“${name.value}” is no attribute that the feed emits with the mode replace: mirror one that is.`;
      return problem('VALUE_NOT_ALLOWED', name.pointer, message);
    });
}
