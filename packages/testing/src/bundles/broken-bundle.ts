import { createHash } from 'node:crypto';
import { goodBundleFiles, withFileList } from './good-bundle.js';
import { type RawEntry, type RawHeader, writeRawZip } from './raw-zip.js';

/** `recipe.json` of a piece in the museum of broken bundles: how a good bundle is broken, and how it must be refused. */
export interface BrokenBundleRecipe {
  /** What is wrong, as one sentence. */
  about: string;
  /** The code that it is refused with. */
  code: string;
  /**
   * Done one after the other to the files of a good bundle. `files.json` is made at the step `list`, at the end when
   * there is none, so that a recipe has no other defect than the one it is about.
   */
  steps: RecipeStep[];
}

/** Content of a file: as it stands, by its bytes, or made. */
type Content =
  | { text: string }
  | { base64: string }
  /** `zeros`; `noise`, which does not compress; `lumpy`, which compresses about tenfold. */
  | { fill: 'zeros' | 'noise' | 'lumpy'; bytes: number };

/** Header fields in a recipe: byte strings as Base64. */
type HeaderChanges = Partial<Omit<RawHeader, 'name' | 'extra'>> & {
  nameBase64?: string;
  extraBase64?: string;
};

export type RecipeStep =
  /** Adds a file, or `count` of them with the number in place of `#`. */
  | ({ do: 'add'; name: string; deflate?: boolean; count?: number } & Content)
  | ({ do: 'write'; name: string } & Content)
  | { do: 'remove'; name: string }
  /** Sets (or without `value` removes) one property of a JSON file by its path. */
  | { do: 'set'; name: string; at: string[]; value?: unknown }
  /** Writes `files.json` as of now. */
  | { do: 'list' }
  /** Makes the zip say what is not so. */
  | { do: 'say'; name: string; where: 'local' | 'central' | 'both'; header: HeaderChanges }
  /** Puts bytes that belong to nothing before a file. */
  | { do: 'gap'; name: string; text: string }
  /** Lays a file's bytes inside another's. */
  | { do: 'inside'; name: string; outer: string }
  | { do: 'comment'; text: string }
  /** On the finished zip. */
  | { do: 'append'; text: string }
  | { do: 'prepend'; text: string }
  | { do: 'cut'; bytes: number };

type ZipStep = Extract<RecipeStep, { do: 'append' | 'prepend' | 'cut' }>;

/** The bytes of a broken bundle. */
export function brokenBundle(recipe: BrokenBundleRecipe): Buffer {
  let entries = goodBundleFiles();
  for (const step of recipe.steps) entries = alter(entries, step);
  if (!recipe.steps.some((step) => step.do === 'list')) entries = withFileList(entries);
  const comment = recipe.steps.find((step) => step.do === 'comment')?.text;
  const zip = writeRawZip(entries, { comment });
  return recipe.steps.filter(isZipStep).reduce(alterZip, zip);
}

function alter(entries: RawEntry[], step: RecipeStep): RawEntry[] {
  switch (step.do) {
    case 'add':
      return [...entries, ...added(step)];
    case 'write':
      return changed(entries, step.name, () => ({ content: contentOf(step) }));
    case 'remove':
      return entries.filter((entry) => entry !== named(entries, step.name));
    case 'set':
      return changed(entries, step.name, ({ content }) => ({ content: setAt(content, step) }));
    case 'list':
      return withFileList(entries);
    case 'say':
      return changed(entries, step.name, () => said(step));
    case 'gap':
      return changed(entries, step.name, () => ({ gap: Buffer.from(step.text) }));
    case 'inside': {
      const outer = named(entries, step.outer);
      const inner = { ...named(entries, step.name), inside: step.outer };
      const rest = entries.filter((entry) => entry !== outer && entry.name !== step.name);
      return [outer, inner, ...rest];
    }
    case 'comment':
    case 'append':
    case 'prepend':
    case 'cut':
      return entries;
  }
}

function isZipStep(step: RecipeStep): step is ZipStep {
  return step.do === 'append' || step.do === 'prepend' || step.do === 'cut';
}

function alterZip(zip: Buffer, step: ZipStep): Buffer {
  switch (step.do) {
    case 'append':
      return Buffer.concat([zip, Buffer.from(step.text)]);
    case 'prepend':
      return Buffer.concat([Buffer.from(step.text), zip]);
    case 'cut':
      return zip.subarray(0, zip.length - step.bytes);
  }
}

/** A recipe that names a file that is not there is a broken recipe, not a broken bundle. */
function named(entries: readonly RawEntry[], name: string): RawEntry {
  const entry = entries.find((candidate) => candidate.name === name);
  if (entry === undefined) throw new Error(`The recipe names ${name}, which the bundle does not have.`);
  return entry;
}

function changed(
  entries: readonly RawEntry[],
  name: string,
  change: (entry: RawEntry) => Partial<RawEntry>,
): RawEntry[] {
  const target = named(entries, name);
  return entries.map((entry) => (entry === target ? { ...entry, ...change(entry) } : entry));
}

function added(step: Extract<RecipeStep, { do: 'add' }>): RawEntry[] {
  const content = contentOf(step);
  return Array.from({ length: step.count ?? 1 }, (_, at) => ({
    name: step.name.replace('#', String(at)),
    content,
    deflate: step.deflate,
  }));
}

function contentOf(content: Content): Buffer {
  if ('text' in content) return Buffer.from(content.text);
  if ('base64' in content) return Buffer.from(content.base64, 'base64');
  switch (content.fill) {
    case 'zeros':
      return Buffer.alloc(content.bytes);
    case 'noise':
      return noise(content.bytes);
    case 'lumpy':
      return lumpy(content.bytes);
  }
}

function noise(bytes: number): Buffer {
  return createHash('shake256', { outputLength: bytes }).update('noise').digest();
}

function lumpy(bytes: number): Buffer {
  const lump = 4096;
  const period = 10 * lump;
  const source = noise(Math.ceil(bytes / 10) + lump);
  const content = Buffer.alloc(bytes);
  for (let at = 0, from = 0; at < bytes; at += period, from += lump) {
    source.copy(content, at, from, from + Math.min(lump, bytes - at));
  }
  return content;
}

function setAt(content: Buffer, step: { at: string[]; value?: unknown }): Buffer {
  const root = JSON.parse(content.toString()) as Record<string, unknown>;
  const last = step.at.at(-1)!;
  let parent = root;
  for (const key of step.at.slice(0, -1)) parent = parent[key] as Record<string, unknown>;
  if (step.value === undefined) delete parent[last];
  else parent[last] = step.value;
  return Buffer.from(JSON.stringify(root));
}

function said(step: Extract<RecipeStep, { do: 'say' }>): Partial<RawEntry> {
  const { nameBase64, extraBase64, ...plain } = step.header;
  const header: Partial<RawHeader> = {
    ...plain,
    ...(nameBase64 === undefined ? {} : { name: Buffer.from(nameBase64, 'base64') }),
    ...(extraBase64 === undefined ? {} : { extra: Buffer.from(extraBase64, 'base64') }),
  };
  return {
    ...(step.where === 'central' ? {} : { local: header }),
    ...(step.where === 'local' ? {} : { central: header }),
  };
}
