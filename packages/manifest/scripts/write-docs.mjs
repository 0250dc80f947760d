// Writes the page that is made from a schema: docs/manifest.md. A test compares it with the schema.
import { writeFile } from 'node:fs/promises';
import { renderManifestPage } from '../dist/reference/manifest-page.js';

await writeFile(new URL('../../../docs/manifest.md', import.meta.url), renderManifestPage());
