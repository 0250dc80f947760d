import { contractSchema } from '../check/contract.js';
import { isRecord, type JsonRecord, recordOf, textOf, textsOf } from '../json/json-shapes.js';
import { markdownTable } from './markdown-table.js';

const INTRO = `# The plugin manifest

<!-- Generated from schemas/plugin-manifest.schema.json: npm run docs -->

\`plugin.json\` tells the runtime all it must know of a plugin before it runs a line of it. The schema is closed: what is
not on this page is refused. Beyond it, what a manifest says must agree with itself; every problem is told at once, each
with a JSON Pointer and what to do ([errors](errors.md#manifests-schemas-and-configs)).

For completion and checks while typing, point an editor to the schema with \`"$schema"\`. What \`config\`,
\`connection.schema\`, \`input\` and \`output\` may say is described in [config schemas](config-schemas.md). The files in
\`schemas/examples/valid/plugin-manifest\` are complete manifests; those in \`schemas/examples/invalid/plugin-manifest\` show
what is refused, and with which code.

## Rules beyond the table

- \`engines.drover\` excludes some versions: \`*\` and its like are refused.
- Object types and subtypes are names or aliases of the registry; the installed manifest has their canonical spelling.
- \`emits\` names each attribute once; only numbers have the mode \`max\`.
- The connection has a required \`baseUrl\` with the format \`uri\`. An \`auth\` entry's \`secret\` is a property with
  \`x-secret\`; \`username\` and \`clientId\` are properties without.
- Names of calls are unique. \`rateGroup\` and \`auth\` of a call name entries that exist.
- A \`PUT\`, \`PATCH\` or \`DELETE\` is not a \`read\`. A \`destructive\` call says its \`blastRadius\`.
- Delivery \`once\` is for writes of single objects: not for reads, not with scope \`whole\`, not with \`inputMode: changed\`.
- A default is not above its maximum, a batch not above a run, a burst not above its limit.
- \`exclusiveBy\` points to properties of the config.
- Scope \`whole\` goes without the triggers \`schedule\` and \`event\` and without \`inputMode\`: those offer part of a
  collection, and the rest would be taken for gone.
`;

interface Section {
  title: string;
  schema: JsonRecord;
}

/** `docs/manifest.md`. */
export function renderManifestPage(): string {
  const root = contractSchema('plugin-manifest');
  const sections: Section[] = [{ title: 'Keys', schema: root }];
  const rendered: string[] = [];
  for (let section = sections.shift(); section; section = sections.shift()) {
    rendered.push(renderSection(section, root));
    sections.push(...sectionsBelow(section, root));
  }
  return [INTRO, ...rendered].join('\n');
}

/** The schema with what it refers to in the same document laid under it. */
function resolve(schema: unknown, root: JsonRecord): JsonRecord {
  const own = recordOf(schema);
  const reference = textOf(own.$ref);
  if (!reference?.startsWith('#/')) return own;
  const keys = reference.slice(2).split('/');
  const target = keys.reduce<JsonRecord>((at, key) => recordOf(at[key]), root);
  return { ...resolve(target, root), ...own };
}

function renderSection({ title, schema }: Section, root: JsonRecord): string {
  const heading = `## ${title}\n\n`;
  const intro = title === 'Keys' ? '' : `${String(schema.description)}\n\n`;
  if (Array.isArray(schema.oneOf)) {
    const branches = schema.oneOf.map((branch) => recordOf(branch));
    return heading + intro + branches.map((branch) => renderBranch(branch, root)).join('\n');
  }
  return `${heading}${intro}${renderProperties(schema, root)}\n`;
}

function renderBranch(branch: JsonRecord, root: JsonRecord): string {
  return `### ${String(branch.title)}\n\n${renderProperties(branch, root)}\n`;
}

function renderProperties(schema: JsonRecord, root: JsonRecord): string {
  const required = textsOf(schema.required);
  const rows = Object.entries(recordOf(schema.properties)).map(([name, property]) => {
    const resolved = resolve(property, root);
    const need = required.includes(name) ? 'yes' : '';
    return [`\`${name}\``, typeOf(resolved), need, boundsOf(resolved, root), String(resolved.description)];
  });
  return markdownTable(['key', 'type', 'required', 'bounds', 'what it is'], rows);
}

function typeOf(schema: JsonRecord): string {
  if (/^(config|output)-subset/.test(textOf(schema.$ref) ?? '')) return 'schema';
  if (schema.const !== undefined) return `\`${String(schema.const)}\``;
  if (Array.isArray(schema.enum)) return schema.enum.map((value) => `\`${String(value)}\``).join(', ');
  return String(schema.type);
}

const BOUNDS: readonly (readonly [least: string, most: string, unit: string])[] = [
  ['minimum', 'maximum', ''],
  ['minLength', 'maxLength', 'character'],
  ['minItems', 'maxItems', 'item'],
  ['minProperties', 'maxProperties', 'key'],
];

function boundsOf(schema: JsonRecord, root: JsonRecord): string {
  const parts = BOUNDS.flatMap(([least, most, unit]) => {
    const [from, to] = [schema[least], schema[most]].map((bound) =>
      typeof bound === 'number' ? bound.toLocaleString('en') : undefined,
    );
    const units = unit && ` ${unit}${(to ?? from) === '1' ? '' : 's'}`;
    if (from !== undefined && to !== undefined) return [`${from} to ${to}${units}`];
    if (to !== undefined) return [`at most ${to}${units}`];
    return from === undefined ? [] : [`at least ${from}${units}`];
  });
  if (typeof schema.format === 'string') parts.push(`format \`${schema.format}\``);
  if (schema.default !== undefined) parts.push(`default \`${String(schema.default)}\``);
  const item = resolve(schema.items, root);
  if (Array.isArray(item.enum))
    parts.push(`of ${item.enum.map((value) => `\`${String(value)}\``).join(', ')}`);
  const [example] = Array.isArray(schema.examples) ? schema.examples : [];
  if (example !== undefined) parts.push(`such as \`${String(example)}\``);
  return parts.join('; ');
}

/** Records inside a section, its lists and its maps, which have sections of their own. */
function sectionsBelow({ title, schema }: Section, root: JsonRecord): Section[] {
  const prefix = title === 'Keys' ? '' : `${title}.`;
  const branches = Array.isArray(schema.oneOf) ? schema.oneOf.map(recordOf) : [];
  const properties = [schema, ...branches].flatMap((each) => Object.entries(recordOf(each.properties)));
  return properties.flatMap(([name, property]) => {
    const resolved = resolve(property, root);
    const inner: Section[] = [
      { title: `${prefix}${name}`, schema: resolved },
      { title: `${prefix}${name}[]`, schema: resolve(resolved.items, root) },
      { title: `${prefix}${name}.NAME`, schema: resolve(resolved.additionalProperties, root) },
    ];
    return inner.filter((each) => isRecord(each.schema.properties) || Array.isArray(each.schema.oneOf));
  });
}
