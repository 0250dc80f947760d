// Writes the page that is made from the fault table: docs/errors.md. A test compares it with the table.
import { writeFile } from 'node:fs/promises';
import { renderErrorPage } from '../dist/faults/error-page.js';

await writeFile(new URL('../../../docs/errors.md', import.meta.url), renderErrorPage());
