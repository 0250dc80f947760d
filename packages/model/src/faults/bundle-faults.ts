import type { FaultEntries, FaultEntry } from './fault-entry.js';

const GET_AGAIN = 'Get the bundle again from its publisher; if it comes the same, report it to them.';
const PACK_AGAIN = 'The publisher must pack the bundle again with `drover plugin pack`.';

/** A bundle that is refused by policy before anything of it is kept. */
function refused(title: string, help: string, httpStatus = 422): FaultEntry {
  return { title, help, exitCode: 4, httpStatus };
}

/** Faults of packing, reading, verifying and installing bundles. */
export const BUNDLE_FAULTS = {
  ALREADY_INSTALLED: refused(
    'Already installed',
    'Keep the installed version, or put this one in its place with `drover plugin upgrade`.',
    409,
  ),
  UPGRADE_REFUSED: refused(
    'Upgrade refused',
    'Nothing was changed. Correct what the message and its problems name, then upgrade again.',
    409,
  ),
  ENGINE_MISMATCH: refused(
    'Bundle wants another version of Drover',
    'Install a version of the bundle that supports this version of Drover, or the other way round.',
  ),
  PROTOCOL_UNSUPPORTED: refused(
    'Bundle speaks another wire protocol',
    'Install a bundle that was packed for this version of Drover.',
  ),
  BUNDLE_SOURCE_INVALID: {
    title: 'Plugin folder cannot be packed',
    help: 'Correct the files that the problems name, then pack again.',
    exitCode: 3,
    httpStatus: 422,
  },
  BUNDLE_IMPORT_REFUSED: {
    title: 'Import not allowed in a plugin',
    help: 'Import only @drover/plugin-sdk, files of the same plugin and the client of the same vendor.',
    exitCode: 3,
    httpStatus: 422,
  },
  BUNDLE_UNREADABLE: refused('Not a readable zip', GET_AGAIN),
  BUNDLE_STRAY_BYTES: refused('Bytes outside the files of the zip', GET_AGAIN),
  BUNDLE_OVERLAP: refused('Files of the zip share bytes', GET_AGAIN),
  BUNDLE_HEADERS_DISAGREE: refused('Two descriptions of one file disagree', PACK_AGAIN),
  BUNDLE_ENCRYPTED: refused('Encrypted file', PACK_AGAIN),
  BUNDLE_METHOD_UNSUPPORTED: refused('Compression method not supported', PACK_AGAIN),
  BUNDLE_TOO_LARGE: refused('Bundle too large', PACK_AGAIN, 413),
  BUNDLE_TOO_MANY_FILES: refused('Too many files', PACK_AGAIN, 413),
  BUNDLE_FILE_TOO_LARGE: refused('File too large', PACK_AGAIN, 413),
  BUNDLE_TOTAL_TOO_LARGE: refused('Bundle too large when unpacked', PACK_AGAIN, 413),
  BUNDLE_RATIO_TOO_HIGH: refused('File unpacks to too much', PACK_AGAIN, 413),
  BUNDLE_PATH_ABSOLUTE: refused('Absolute path', GET_AGAIN),
  BUNDLE_PATH_ESCAPES: refused('Path leads out of the bundle', GET_AGAIN),
  BUNDLE_PATH_BACKSLASH: refused('Backslash in a path', PACK_AGAIN),
  BUNDLE_NAME_INVALID: refused('File name not allowed', PACK_AGAIN),
  BUNDLE_NAME_DUPLICATE: refused('Two files of one name', PACK_AGAIN),
  BUNDLE_SYMLINK: refused('Symbolic link', PACK_AGAIN),
  BUNDLE_NOT_A_FILE: refused('Folder or special file', PACK_AGAIN),
  BUNDLE_FILE_DAMAGED: refused('File damaged', GET_AGAIN),
  BUNDLE_SIZE_MISMATCH: refused('File is not as large as declared', GET_AGAIN),
  BUNDLE_LIST_MISSING: refused('List of files missing', PACK_AGAIN),
  BUNDLE_LIST_INVALID: refused('List of files invalid', PACK_AGAIN),
  BUNDLE_FILE_UNDECLARED: refused('File not in the list', GET_AGAIN),
  BUNDLE_FILE_MISSING: refused('Listed file missing', GET_AGAIN),
  BUNDLE_FILE_ALTERED: refused('File is not the one that was packed', GET_AGAIN),
  BUNDLE_FILE_UNEXPECTED: refused('File has no place in a bundle', PACK_AGAIN),
  BUNDLE_JSON_INVALID: refused('Not valid JSON', PACK_AGAIN),
  BUNDLE_MANIFEST_MISSING: refused('bundle.json missing', PACK_AGAIN),
  BUNDLE_CODE_MISSING: refused('code.mjs missing', PACK_AGAIN),
  BUNDLE_DOCUMENT_MISSING: refused('Licence, changelog or README missing', PACK_AGAIN),
  BUNDLE_PLUGIN_MISSING: refused('Listed plugin missing', PACK_AGAIN),
  BUNDLE_PLUGIN_DOUBLED: refused('Plugin listed twice', PACK_AGAIN),
  BUNDLE_ID_MISMATCH: refused('Ids or vendors disagree', PACK_AGAIN),
} as const satisfies FaultEntries;
