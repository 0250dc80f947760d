import type { FaultEntries, FaultEntry } from './fault-entry.js';

/** One problem of a document; the fault that lists them carries the exit code. */
function flaw(title: string, help: string): FaultEntry {
  return { title, help, exitCode: 78, httpStatus: 422 };
}

/** Faults of manifests, schemas and configs. */
export const MANIFEST_FAULTS = {
  MANIFEST_INVALID: {
    title: 'Manifest invalid',
    help: 'Correct what the problems name in the plugin’s source and pack it again; docs/manifest.md lists every key.',
    exitCode: 4,
    httpStatus: 422,
  },

  DOCUMENT_NOT_JSON: flaw(
    'Not a JSON value',
    'Give text, numbers, true, false, null, lists and records only.',
  ),
  DOCUMENT_TOO_DEEP: flaw('Nested too deep', 'Flatten the document.'),
  DOCUMENT_TOO_LARGE: flaw('Document too large', 'Shorten the document.'),
  PROPERTY_MISSING: flaw('Property missing', 'Add the property at the place that the path names.'),
  PROPERTY_UNKNOWN: flaw('Property unknown', 'Correct the spelling or remove the property.'),
  VALUE_DOUBLED: flaw('Value there twice', 'Remove or rename one of the two.'),
  VALUE_MALFORMED: flaw('Value malformed', 'Write the value in the form that the message describes.'),
  VALUE_NOT_ALLOWED: flaw(
    'Value not allowed',
    'Use one of the values that the message names, or remove the property.',
  ),
  VALUE_OUT_OF_BOUNDS: flaw('Value out of bounds', 'Keep within the bound that the message names.'),
  VALUE_WRONG_TYPE: flaw('Value of the wrong type', 'Give a value of the type that the message names.'),

  DEFAULT_INVALID: flaw('Default invalid', 'Choose a default that fits its own schema.'),
  PATTERN_UNSAFE: flaw(
    'Pattern unsafe',
    'Anchor the pattern, bound its repetitions and repeat nothing ambiguous.',
  ),
  SCHEMA_CONTRADICTS: flaw('Schema contradicts itself', 'Make the two places that the message names agree.'),
  SECRET_IN_CONFIG: flaw(
    'Secret in a config',
    'Move the property to connection.schema with "x-secret": true.',
  ),
  SECRET_IN_SETTINGS: flaw('Secret among the settings', 'Give it as a secret, so that it is kept encrypted.'),

  AUTH_UNKNOWN: flaw('Way to authenticate unknown', 'Name a key of connection.auth.'),
  CONNECTION_FIELD_UNKNOWN: flaw(
    'Connection property unknown',
    'Point to a property of connection.schema; secrets carry "x-secret": true.',
  ),
  DELIVERY_CONTRADICTS: flaw('Delivery contradicts', 'Only writes for single objects are sent once.'),
  EFFECT_CONTRADICTS: flaw('Effect contradicts', 'Say what the call really does, or correct its method.'),
  ENGINE_RANGE_INVALID: flaw(
    'Engine range invalid',
    'Write a semver range that excludes some versions, such as ^0.1.0.',
  ),
  LIMITS_CONTRADICT: flaw('Limits contradict', 'Make the limits that the message names agree.'),
  PATH_TEMPLATE_INVALID: flaw(
    'Path template invalid',
    'Write the path with {param} parts, without dot segments or query.',
  ),
  POINTER_UNKNOWN: flaw('Pointer leads nowhere', 'Point to a property that the config has.'),
  RATE_GROUP_UNKNOWN: flaw('Rate group unknown', 'Name a key of limits.rateGroups, or leave it out.'),
  SCOPE_CONTRADICTS: flaw('Scope contradicts', 'Offer the whole collection, or use scope slice.'),
} as const satisfies FaultEntries;
