import { Fault } from '@drover/model';

const MAX_NAME_BYTES = 200;
const UTF8_FLAG = 0x800;

/**
 * The name of a zip entry from its raw bytes: a relative path with `/`, without `.` and `..`. Nothing is repaired: a name
 * that is not safe as it stands is refused (`BUNDLE_PATH_…`, `BUNDLE_NAME_INVALID`, `BUNDLE_NOT_A_FILE`).
 */
export function entryName(raw: Buffer, flags: number): string {
  const name = decode(raw, flags);
  if (name.includes('\\')) {
    throw new Fault('BUNDLE_PATH_BACKSLASH', `The entry ${quote(name)} has a backslash in its path.`);
  }
  if (name.startsWith('/') || /^[a-z]:/i.test(name)) {
    throw new Fault('BUNDLE_PATH_ABSOLUTE', `The entry ${quote(name)} has an absolute path.`);
  }
  if (name.endsWith('/')) {
    throw new Fault('BUNDLE_NOT_A_FILE', `The entry ${quote(name)} is a folder; a bundle holds files only.`);
  }
  const segments = name.split('/');
  if (segments.includes('..')) {
    throw new Fault('BUNDLE_PATH_ESCAPES', `The entry ${quote(name)} leads out of the bundle.`);
  }
  if (segments.includes('') || segments.includes('.')) {
    throw new Fault('BUNDLE_NAME_INVALID', `The entry ${quote(name)} has an empty part or "." in its path.`);
  }
  return name;
}

function decode(raw: Buffer, flags: number): string {
  if (raw.length === 0 || raw.length > MAX_NAME_BYTES) {
    throw new Fault(
      'BUNDLE_NAME_INVALID',
      `An entry's name is ${raw.length} bytes long; 1 to ${MAX_NAME_BYTES} are allowed.`,
    );
  }
  const name = raw.toString('utf8');
  if (!Buffer.from(name, 'utf8').equals(raw) || /[\p{Cc}\p{Cf}]/u.test(name)) {
    throw new Fault(
      'BUNDLE_NAME_INVALID',
      `The entry name ${quote(name)} is not UTF-8 or holds control characters.`,
    );
  }
  if ((flags & UTF8_FLAG) === 0 && /[^\x20-\x7e]/.test(name)) {
    throw new Fault('BUNDLE_NAME_INVALID', `The entry name ${quote(name)} is not marked as UTF-8.`);
  }
  return name;
}

/** Equal for names that some file system takes for the same: composed or decomposed, upper or lower case. */
export function foldedName(name: string): string {
  return name.normalize('NFC').toUpperCase().toLowerCase().normalize('NFC');
}

/** A name from a zip as text that cannot confuse a terminal. */
export function quote(name: string): string {
  return JSON.stringify(name).replace(
    /[\p{Cc}\p{Cf}]/gu,
    (character) => `\\u${character.codePointAt(0)!.toString(16).padStart(4, '0')}`,
  );
}
