import { Fault, MIN_SECRET_LENGTH } from '@drover/model';
import { formsOf } from './secret-forms.js';

/** What stands in place of a secret. */
export const REDACTED = '[REDACTED]';

/** Levels of a JSON value that are looked into; what is nested deeper is replaced whole. */
const MAX_DEPTH = 500;
/** Most keys remembered to hold no secret: records of one kind come by the thousand. */
const MAX_CLEAN_KEYS = 1_000;

/** Takes secrets out of texts and JSON values. */
export interface Redactor {
  /** Whether any form of any secret occurs in the text. One pass of one regular expression. */
  finds(text: string): boolean;
  redactText(text: string): string;
  /** A JSON value with every string and every key redacted; the same reference when nothing was found. */
  redact<Value>(value: Value): Value;
  /** A redactor for these secrets too, such as an access token that was minted later. */
  withSecrets(more: readonly string[]): Redactor;
}

/**
 * Compiles one alternation over all forms of all secrets (see `formsOf`), longest first; matching is linear in the text.
 * A base64 match takes the character on either side with it, which holds some bits of the secret.
 * Throws `SECRET_TOO_SHORT` for a secret of under 6 characters.
 */
export function createRedactor(secrets: readonly string[]): Redactor {
  const own = [...new Set(secrets)];
  for (const secret of own) refuseShort(secret);
  return new AlternationRedactor(own);
}

function alternation(forms: string[]): string {
  return forms
    .toSorted((a, b) => b.length - a.length)
    .map((form) => RegExp.escape(form))
    .join('|');
}

function refuseShort(secret: string): void {
  if (secret.length >= MIN_SECRET_LENGTH) return;
  throw new Fault(
    'SECRET_TOO_SHORT',
    `A secret has under ${MIN_SECRET_LENGTH} characters and cannot be kept out of logs and answers; use a longer one.`,
  );
}

function isNumeric(form: string): boolean {
  return /^[\d.eE+-]+$/.test(form);
}

class AlternationRedactor implements Redactor {
  readonly #secrets: readonly string[];
  readonly #finder: RegExp | undefined;
  readonly #replacer: RegExp | undefined;
  readonly #cleanKeys = new Set<string>();
  /** Whether a form could stand in a number as it is written. */
  readonly #mayBeNumber: boolean = false;

  constructor(secrets: readonly string[]) {
    this.#secrets = secrets;
    if (secrets.length === 0) return;
    const forms = secrets.map(formsOf);
    const exact = alternation(forms.flatMap((form) => form.exact));
    const base64 = alternation(forms.flatMap((form) => form.base64));
    this.#mayBeNumber = forms.some((form) => [...form.exact, ...form.base64].some(isNumeric));
    this.#finder = new RegExp(`${exact}|${base64}`);
    this.#replacer = new RegExp(`${exact}|[A-Za-z0-9+/_-]?(?:${base64})[A-Za-z0-9+/_-]?={0,2}`, 'g');
  }

  finds(text: string): boolean {
    return this.#finder?.test(text) ?? false;
  }

  redactText(text: string): string {
    return this.finds(text) ? text.replace(this.#replacer!, REDACTED) : text;
  }

  redact<Value>(value: Value): Value {
    return this.#occursIn(value, 0) ? (this.#clean(value, 0) as Value) : value;
  }

  withSecrets(more: readonly string[]): Redactor {
    return createRedactor([...this.#secrets, ...more]);
  }

  /** Looks without making anything, since nearly every value is clean. What is nested too deep counts. */
  #occursIn(value: unknown, depth: number): boolean {
    if (this.#finder === undefined) return false;
    if (typeof value === 'string') return this.#finder.test(value);
    if (typeof value === 'number') return this.#mayBeNumber && this.#finder.test(String(value));
    if (typeof value !== 'object' || value === null) return false;
    if (depth === MAX_DEPTH) return true;
    if (Array.isArray(value)) {
      for (const item of value) if (this.#occursIn(item, depth + 1)) return true;
      return false;
    }
    for (const key in value) {
      if (this.#occursInKey(key) || this.#occursIn((value as Record<string, unknown>)[key], depth + 1))
        return true;
    }
    return false;
  }

  #occursInKey(key: string): boolean {
    if (this.#cleanKeys.has(key)) return false;
    if (this.finds(key)) return true;
    if (this.#cleanKeys.size < MAX_CLEAN_KEYS) this.#cleanKeys.add(key);
    return false;
  }

  #clean(value: unknown, depth: number): unknown {
    if (typeof value === 'string') return this.redactText(value);
    if (typeof value === 'number') return this.finds(String(value)) ? REDACTED : value;
    if (typeof value !== 'object' || value === null) return value;
    if (depth === MAX_DEPTH) return REDACTED;
    return Array.isArray(value) ? this.#cleanArray(value, depth) : this.#cleanRecord(value, depth);
  }

  #cleanArray(items: unknown[], depth: number): unknown[] {
    let changed = false;
    const cleaned = items.map((item) => {
      const clean = this.#clean(item, depth + 1);
      changed ||= clean !== item;
      return clean;
    });
    return changed ? cleaned : items;
  }

  #cleanRecord(record: object, depth: number): object {
    let changed = false;
    const cleaned = Object.entries(record).map(([key, item]) => {
      const clean = this.#clean(item, depth + 1);
      const cleanKey = this.redactText(key);
      changed ||= clean !== item || cleanKey !== key;
      return [cleanKey, clean];
    });
    // fromEntries defines the keys as own ones, `__proto__` among them.
    return changed ? Object.fromEntries(cleaned) : record;
  }
}
