/**
 * Writes what plugins can import from the SDK as one text, so that a change of the contract is seen in review. Made of the
 * compiled declarations of `src/index.ts`: each exported name, and each name that it is made of, with its comment left out.
 *
 *   node scripts/api-surface.mjs           prints it
 *   node scripts/api-surface.mjs --write   writes api-surface.txt
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { findPackageJSON } from 'node:module';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
/** Has a page of its own (the fault codes), and grows with every part of the runtime. */
const LEFT_OUT = new Set(['FAULTS']);
const NAMED = /^(?:export )?(?:declare )?(?:abstract )?(?:interface|type|class|function|const|enum) (\w+)/;

/** Statements of a declaration file, without comments. Declarations that a compiler wrote begin in the first column. */
function statementsOf(file) {
  const text = readFileSync(file, 'utf8')
    .replace(/\/\*[\s\S]*?\*\//g, '')
    .replace(/^\s*\/\/.*$/gm, '');
  const statements = [];
  for (const line of text.split('\n')) {
    if (line.trim() === '') continue;
    if (/^[a-z]/.test(line)) statements.push(line);
    else statements[statements.length - 1] += `\n${line}`;
  }
  return statements;
}

/** The file behind an import of another declaration file. */
function fileOf(specifier, from) {
  if (specifier.startsWith('.')) return resolve(dirname(from), specifier.replace(/\.js$/, '.d.ts'));
  return join(dirname(findPackageJSON(specifier, from)), 'dist/index.d.ts');
}

const modules = new Map();

/** What a file declares, what it takes from elsewhere, and what it passes on whole. */
function readModule(file) {
  const known = modules.get(file);
  if (known) return known;
  const module = { file, declared: new Map(), taken: new Map(), exported: new Set(), stars: [] };
  modules.set(file, module);
  for (const statement of statementsOf(file)) {
    const star = /^export (?:type )?\* from '(.+)';/.exec(statement);
    const named = /^(import|export) (?:type )?\{([\s\S]+)\}(?: from '(.+)')?;/.exec(statement);
    const name = NAMED.exec(statement)?.[1];
    if (star) module.stars.push(fileOf(star[1], file));
    else if (named) takeNames(module, { exports: named[1] === 'export', names: named[2], from: named[3] });
    else if (name) {
      module.declared.set(name, [...(module.declared.get(name) ?? []), statement]);
      if (statement.startsWith('export ')) module.exported.add(name);
    }
  }
  return module;
}

function takeNames(module, { exports, names, from }) {
  for (const part of names.split(',')) {
    const [name, alias] = part
      .trim()
      .replace(/^type /, '')
      .split(' as ');
    if (!name) continue;
    if (from) module.taken.set(alias ?? name, { name, file: fileOf(from, module.file) });
    if (exports) module.exported.add(alias ?? name);
  }
}

/** Where a name that a file uses is declared, if it is ours. */
function find(name, file) {
  const module = readModule(file);
  if (module.declared.has(name)) return { name, module };
  const taken = module.taken.get(name);
  if (taken) return find(taken.name, taken.file);
  for (const star of module.stars) {
    const found = find(name, star);
    if (found) return found;
  }
  return undefined;
}

function exportsOf(file) {
  const module = readModule(file);
  return new Set([...module.exported, ...module.stars.flatMap((star) => [...exportsOf(star)])]);
}

export function apiSurface() {
  const entry = join(root, 'dist/index.d.ts');
  const exported = exportsOf(entry);
  const shown = new Map();
  const waiting = [...exported].map((name) => ({ name, file: entry }));
  for (const { name, file } of waiting) {
    const found = find(name, file);
    if (!found || shown.has(found.name) || LEFT_OUT.has(found.name)) continue;
    const text = found.module.declared.get(found.name).join('\n');
    shown.set(found.name, text);
    for (const word of new Set(text.match(/\b[A-Za-z_]\w*\b/g))) {
      if (word !== found.name) waiting.push({ name: word, file: found.module.file });
    }
  }
  const bare = (text) => text.replace(/^(export )?(declare )?/, '');
  const part = (isExported) =>
    [...shown.keys()]
      .filter((name) => exported.has(name) === isExported)
      .toSorted((left, right) => (left < right ? -1 : 1))
      .map((name) => bare(shown.get(name)));
  return [
    '# What plugins import from @drover/plugin-sdk. Made by `npm run api-surface`; a test compares it.',
    ...part(true),
    '# What these are made of.',
    ...part(false),
    '',
  ].join('\n\n');
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  if (process.argv.includes('--write')) writeFileSync(join(root, 'api-surface.txt'), apiSurface());
  else process.stdout.write(apiSurface());
}
