// Writes schemas/*.schema.json into a module, so that a bundled program carries them. Run by `npm run docs`.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import prettier from 'prettier';

const SUFFIX = '.schema.json';
const folder = new URL('../../../schemas/', import.meta.url);
const target = new URL('../src/schemas/embedded-schemas.ts', import.meta.url);

const names = readdirSync(folder)
  .filter((file) => file.endsWith(SUFFIX))
  .map((file) => file.slice(0, -SUFFIX.length))
  .toSorted();

const members = names.map((name) => {
  const text = JSON.stringify(JSON.parse(readFileSync(new URL(name + SUFFIX, folder), 'utf8')));
  return `'${name}': '${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}',\n`;
});

const module =
  `// Made from schemas/*.schema.json by \`npm run docs\`; change those.\n\n` +
  `/** The public contracts as JSON text, by the name of their file without \`.schema.json\`. */\n` +
  `export const SCHEMA_TEXTS = {\n${members.join('')}} as const;\n`;

const options = await prettier.resolveConfig(target);
writeFileSync(target, await prettier.format(module, { ...options, parser: 'typescript' }));
