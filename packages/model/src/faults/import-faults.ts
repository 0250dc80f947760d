import type { FaultEntries, FaultEntry } from './fault-entry.js';

/** A file that cannot be read on; rows before the place are in. */
function unreadable(title: string, help: string): FaultEntry {
  return { title, help, exitCode: 3, httpStatus: 422 };
}

/** One row or value that was refused, the others go in. */
function refusedRow(title: string, help: string): FaultEntry {
  return { title, help, exitCode: 2, httpStatus: 422 };
}

/** Faults of imports, values and collection queries. */
export const IMPORT_FAULTS = {
  IMPORT_FORMAT_UNKNOWN: {
    title: 'Format not recognised',
    help: 'Say the format with --format csv, jsonl, stix or list; a plain list also needs --type and --subtype.',
    exitCode: 1,
    httpStatus: 415,
  },
  IMPORT_TYPE_MISSING: {
    title: 'Type of the objects not known',
    help: 'Give --type (and --subtype for indicators), or put the columns type and subtype into the file.',
    exitCode: 1,
    httpStatus: 422,
  },
  IMPORT_COLUMNS_INVALID: unreadable(
    'Header of the CSV file not usable',
    'The first row must name the columns, one of them "value" and none of them twice.',
  ),
  IMPORT_NOT_TEXT: unreadable(
    'Not a text file',
    'Unpack archives and export spreadsheets as CSV before importing them.',
  ),
  IMPORT_NOT_UTF8: unreadable('Not encoded as UTF-8', 'Save the file as UTF-8 and import it again.'),
  IMPORT_MALFORMED: unreadable(
    'File broken',
    'Get the file again; rows before the named line are in, importing it again does not double them.',
  ),
  ROW_TOO_LONG: refusedRow('Row too long', 'Shorten the row or leave it out.'),
  ROW_MALFORMED: refusedRow('Row not readable', 'Correct the row as the reason says and import it again.'),
  ATTRIBUTE_INVALID: refusedRow(
    'Attribute not usable',
    'An attribute has a short name and a text of at most 2,048 bytes, a finite number or a truth value.',
  ),
  TYPE_MISSING: refusedRow('Type missing', 'Say the object type in the row or with --type.'),
  TYPE_UNKNOWN: refusedRow(
    'Object type unknown',
    'Use a type of the registry, such as indicator or identity.',
  ),
  SUBTYPE_MISSING: refusedRow(
    'Subtype missing',
    'Say the subtype in the row or with --subtype, such as SHA-256.',
  ),
  SUBTYPE_UNKNOWN: refusedRow(
    'Subtype unknown',
    'Use a subtype of the registry, such as SHA-256, FQDN or URL.',
  ),
  SUBTYPE_NOT_ALLOWED: refusedRow('Type has no subtypes', 'Leave the subtype out; only indicators have one.'),
  VALUE_EMPTY: refusedRow('Value empty', 'Give the object a value.'),
  VALUE_TOO_LONG: refusedRow('Value too long', 'A value has at most 2,048 bytes.'),
  VALUE_CHARACTERS: refusedRow('Characters not allowed', 'Remove control characters and broken Unicode.'),
  HASH_INVALID: refusedRow('Not a hash of this kind', 'Check the number of digits against the subtype.'),
  FQDN_INVALID: refusedRow('Not a domain name', 'Give the bare name, such as www.example.com.'),
  URL_INVALID: refusedRow('Not a URL', 'Give the URL with its host, such as https://example.com/path.'),
  EMAIL_INVALID: refusedRow('Not an e-mail address', 'Give the bare address, such as user@example.com.'),
  IP_INVALID: refusedRow('Not an IP address of this version', 'Check the digits and the subtype.'),
  CIDR_INVALID: refusedRow('Not a network', 'Give address and prefix length, such as 192.0.2.0/24.'),
  IDENTIFIER_INVALID: refusedRow('Not an identifier of this kind', 'Check the form that the reason names.'),
  STIX_PATTERN_INVALID: refusedRow('STIX pattern broken', 'Report the pattern to the author of the bundle.'),
  STIX_PATTERN_UNSUPPORTED: refusedRow(
    'STIX pattern not supported',
    'Only single equality comparisons of values, and ORs of them, name one object each.',
  ),
  STIX_OBJECT_UNSUPPORTED: refusedRow(
    'STIX object not imported',
    'Only indicators and observables that are a value of their own are imported.',
  ),
  STIX_REVOKED: refusedRow('Withdrawn by its author', 'Nothing to do: the indicator is no longer valid.'),
  ALIAS_TAKEN: refusedRow(
    'Alias is another object’s',
    'An alias belongs to one object of a type: an import leaves it out, an edit is refused as a whole.',
  ),
  QUERY_INVALID: {
    title: 'Collection query invalid',
    help: 'Correct the places that the problems name; docs/collections.md describes every predicate.',
    exitCode: 1,
    httpStatus: 422,
  },
  COLLECTION_EXISTS: {
    title: 'Collection exists',
    help: 'Choose another name, or remove the collection of that name first.',
    exitCode: 1,
    httpStatus: 409,
  },
  COLLECTION_IN_USE: {
    title: 'Collection in use',
    help: 'Run its action until nothing remains, or restart it over another collection.',
    exitCode: 4,
    httpStatus: 409,
  },
  COLLECTION_NOT_FIXED: {
    title: 'Collection is a saved query',
    help: 'Name a fixed list, or a name that is not taken yet.',
    exitCode: 1,
    httpStatus: 409,
  },
} as const satisfies FaultEntries;
