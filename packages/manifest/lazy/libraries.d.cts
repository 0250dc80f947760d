import type { Ajv2020 } from 'ajv/dist/2020.js';
import type { FormatsPlugin } from 'ajv-formats';
import type { RegExpParser } from '@eslint-community/regexpp';
import type * as semver from 'semver';

export function loadAjv(): typeof Ajv2020;
export function loadFormats(): FormatsPlugin;
export function loadRegExpParser(): typeof RegExpParser;
export function loadSemver(): typeof semver;
