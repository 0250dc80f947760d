'use strict';

// Libraries that cost tens of milliseconds to load, for commands that never check a schema not to pay for them.
// CommonJS, since only `require` loads on demand without making every caller asynchronous; a bundler keeps it so.

exports.loadAjv = () => require('ajv/dist/2020.js').Ajv2020;
exports.loadFormats = () => require('ajv-formats').default;
exports.loadRegExpParser = () => require('@eslint-community/regexpp').RegExpParser;
exports.loadSemver = () => require('semver');
