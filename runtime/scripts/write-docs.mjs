// Writes the pages that are made from code: docs/cli.md and docs/environment.md. Tests compare them with the code.
import { writeFile } from 'node:fs/promises';
import { renderCliPage } from '@drover/cli';
import { renderEnvironmentPage } from '../dist/index.js';

const docs = new URL('../../docs/', import.meta.url);
await writeFile(new URL('cli.md', docs), renderCliPage());
await writeFile(new URL('environment.md', docs), renderEnvironmentPage());
