import {
  type AcceptedType,
  type AttributeValue,
  Fault,
  type JsonValue,
  MAX_VALUE_BYTES,
  normalizeKey,
  type ObjectDraft,
  type PluginManifest,
} from '@drover/model';

/** Most bytes of a checkpoint as JSON. */
export const MAX_CHECKPOINT_BYTES = 64 * 1024;
const MAX_ALIASES = 50;
const MAX_ATTRIBUTES = 100;
const MAX_STATUS_LENGTH = 128;
const MAX_SKIP_REASONS = 20;
const MAX_REASON_LENGTH = 200;
const EXAMPLE_LENGTH = 120;

/** Why objects of a page were refused or left out. */
export interface PageReason {
  kind: 'rejected' | 'skipped';
  /** Fault code of a rejection; `SKIPPED` for what the plugin left out. */
  code: string;
  /** The plugin's reason, or for rejections one of the sentences. */
  reason: string;
  objects: number;
}

/** A feed's page, checked: what goes into the store. */
export interface CheckedPage {
  drafts: ObjectDraft[];
  /** As the plugin gave it. */
  checkpoint: JsonValue;
  reasons: PageReason[];
  isComplete: boolean;
}

type PageRules = Pick<PluginManifest, 'produces' | 'emits' | 'limits'>;

/**
 * A page of a feed as drafts for the library. Objects whose value, alias or text does not hold are rejected with the
 * reason; what only a plugin can get wrong (types that it does not produce, attributes that it does not declare, a missing
 * or large checkpoint, too many objects) throws `PLUGIN_CONTRACT`, and nothing of the page is kept.
 */
export function checkPage(page: unknown, rules: PageRules): CheckedPage {
  if (!isRecord(page) || !Array.isArray(page.objects)) {
    throw breach('A page of the feed is no object with a list of objects.', '');
  }
  const { objects, checkpoint, skipped = [], isComplete } = page;
  const most = rules.limits.batch.objects;
  if (objects.length > most) {
    throw breach(
      `A page of the feed has ${objects.length} objects, above its limits.batch.objects of ${most}.`,
      '/objects',
    );
  }
  const reasons = new Reasons();
  skippedReasons(skipped).forEach((skip) => reasons.add({ kind: 'skipped', code: 'SKIPPED', ...skip }));
  const drafts = objects.flatMap((object: unknown, index) => {
    const draft = toDraft(object, { rules, path: `/objects/${index}` });
    if (!('refusal' in draft)) return [draft];
    const { code, reason } = draft.refusal;
    reasons.add({ kind: 'rejected', code, reason, objects: 1 });
    return [];
  });
  return {
    drafts,
    checkpoint: checkedCheckpoint(checkpoint),
    reasons: reasons.list,
    isComplete: isComplete === true,
  };
}

/** Reasons folded by kind and, for what the plugin left out, by its words; the first sentence of a rejection stands for all. */
class Reasons {
  readonly #byKey = new Map<string, PageReason>();

  add(reason: PageReason): void {
    const key = reason.kind === 'skipped' ? `skipped ${reason.reason}` : reason.code;
    const known = this.#byKey.get(key);
    if (known === undefined) this.#byKey.set(key, { ...reason });
    else known.objects += reason.objects;
  }

  get list(): PageReason[] {
    return [...this.#byKey.values()];
  }
}

function skippedReasons(skipped: unknown): { reason: string; objects: number }[] {
  if (!Array.isArray(skipped) || skipped.length > MAX_SKIP_REASONS) {
    throw breach(`What a page skips is a list of at most ${MAX_SKIP_REASONS} reasons.`, '/skipped');
  }
  return skipped.map((skip: unknown, index) => {
    const { reason, count } = isRecord(skip) ? skip : {};
    if (
      typeof reason !== 'string' ||
      reason === '' ||
      reason.length > MAX_REASON_LENGTH ||
      !Number.isSafeInteger(count) ||
      (count as number) < 0
    ) {
      throw breach(
        `Something skipped needs a reason of at most ${MAX_REASON_LENGTH} characters and a count.`,
        `/skipped/${index}`,
      );
    }
    return { reason, objects: count as number };
  });
}

function checkedCheckpoint(checkpoint: unknown): JsonValue {
  if (checkpoint === undefined || checkpoint === null) {
    throw breach('A page of the feed has no checkpoint, so that nobody could go on after it.', '/checkpoint');
  }
  const bytes = Buffer.byteLength(JSON.stringify(checkpoint));
  if (bytes <= MAX_CHECKPOINT_BYTES) return checkpoint as JsonValue;
  throw breach(
    `The checkpoint has ${bytes} bytes of JSON; at most ${MAX_CHECKPOINT_BYTES} are kept.`,
    '/checkpoint',
  );
}

interface Place {
  rules: PageRules;
  path: string;
}

interface Refused {
  refusal: { code: string; reason: string };
}

function toDraft(object: unknown, place: Place): ObjectDraft | Refused {
  if (!isRecord(object)) throw breach('An object of the page is none.', place.path);
  const { type, subtype, value, status, changedAt, aliases = [] } = object;
  const isKey =
    typeof type === 'string' &&
    typeof value === 'string' &&
    (subtype === undefined || typeof subtype === 'string');
  if (!isKey) {
    throw breach('An object of a feed has a type and a value, and perhaps a subtype, as texts.', place.path);
  }
  const normalized = normalizeKey({ type, ...(subtype === undefined ? {} : { subtype }), value });
  if (!normalized.ok) {
    if (TYPE_PROBLEMS.has(normalized.code)) throw breach(normalized.reason, `${place.path}/type`);
    return refused(normalized.code, quote(value, normalized.reason));
  }
  const draft: ObjectDraft = { ...normalized.key };
  if (!isProduced(draft, place.rules.produces ?? [])) {
    throw breach(
      `The feed gave an object of type ${draft.type}${draft.subtype ? ` (${draft.subtype})` : ''}, which its manifest's produces does not name.`,
      `${place.path}/type`,
    );
  }
  if (changedAt !== undefined) draft.changedAt = checkedTime(changedAt, place);
  return withAliases(draft, aliases, place) ?? withFacts(draft, { object, status }, place);
}

function checkedTime(text: unknown, { path }: Place): string {
  const time = typeof text === 'string' && ZONED_TIME.test(text) ? new Date(text) : undefined;
  if (time !== undefined && !Number.isNaN(time.getTime())) return time.toISOString();
  throw breach(
    'changedAt is a time in ISO 8601 with a zone, such as 2026-03-01T09:26:25.872Z.',
    `${path}/changedAt`,
  );
}

const ZONED_TIME = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?(?:Z|[+-]\d{2}:?\d{2})$/;

const TYPE_PROBLEMS = new Set(['TYPE_UNKNOWN', 'SUBTYPE_UNKNOWN', 'SUBTYPE_MISSING', 'SUBTYPE_NOT_ALLOWED']);

function isProduced({ type, subtype }: ObjectDraft, produces: readonly AcceptedType[]): boolean {
  return produces.some(
    (made) =>
      made.type === type && (made.subtypes === undefined || made.subtypes.includes(subtype as string)),
  );
}

/** Adds the aliases to the draft; returns why it is refused. */
function withAliases(draft: ObjectDraft, aliases: unknown, { path }: Place): Refused | undefined {
  if (!Array.isArray(aliases) || !aliases.every((alias) => typeof alias === 'string')) {
    throw breach('The aliases of an object are a list of texts.', `${path}/aliases`);
  }
  const others = new Set<string>();
  for (const text of aliases) {
    const alias = normalizeKey({ ...draft, value: text });
    if (!alias.ok) return refused(alias.code, `Alias ${quote(text, alias.reason)}`);
    if (alias.key.value !== draft.value) others.add(alias.key.value);
  }
  if (others.size > MAX_ALIASES) {
    return refused('ROW_MALFORMED', quote(draft.value, `An object has at most ${MAX_ALIASES} aliases.`));
  }
  if (others.size > 0) draft.aliases = [...others];
  return undefined;
}

/** Adds attributes and status to the draft. */
function withFacts(
  draft: ObjectDraft,
  { object, status }: { object: Record<string, unknown>; status: unknown },
  { rules, path }: Place,
): ObjectDraft | Refused {
  const { attributes = [] } = object;
  if (!Array.isArray(attributes) || attributes.length > MAX_ATTRIBUTES) {
    throw breach(
      `The attributes of an object are a list of at most ${MAX_ATTRIBUTES}.`,
      `${path}/attributes`,
    );
  }
  const checked: { name: string; value: AttributeValue }[] = [];
  const { emits = [] } = rules;
  for (let index = 0; index < attributes.length; index += 1) {
    const attribute: unknown = attributes[index];
    const { name, value } = isRecord(attribute) ? attribute : {};
    const declared = emits.find((emitted) => emitted.name === name);
    if (declared === undefined || typeof value !== declared.type) {
      const what = declared ? `"${declared.name}" to something that is no ${declared.type}` : 'an attribute';
      const why = declared ? '' : ' that the manifest’s emits does not declare';
      throw breach(`The feed sets ${what}${why}.`, `${path}/attributes/${index}`);
    }
    if (!isStorable(value as AttributeValue)) {
      const problem = `The attribute "${declared.name}" has a NUL, broken Unicode, more than ${MAX_VALUE_BYTES} bytes or is no finite number.`;
      return refused('ATTRIBUTE_INVALID', quote(draft.value, problem));
    }
    checked.push({ name: declared.name, value: value as AttributeValue });
  }
  if (checked.length > 0) draft.attributes = checked;
  if (status === undefined) return draft;
  if (!isStatus(status)) {
    const problem = `A status has 1 to ${MAX_STATUS_LENGTH} characters, none of them a control character.`;
    return refused('ROW_MALFORMED', quote(draft.value, problem));
  }
  draft.status = status;
  return draft;
}

function isStorable(value: AttributeValue): boolean {
  if (typeof value === 'number') return Number.isFinite(value);
  if (typeof value === 'boolean') return true;
  return Buffer.byteLength(value) <= MAX_VALUE_BYTES && value.isWellFormed() && !value.includes('\0');
}

function isStatus(status: unknown): status is string {
  return (
    typeof status === 'string' &&
    status !== '' &&
    status.length <= MAX_STATUS_LENGTH &&
    status.isWellFormed() &&
    !/\p{Cc}/u.test(status)
  );
}

function quote(value: string, reason: string): string {
  return `“${value.slice(0, EXAMPLE_LENGTH)}”: ${reason}`;
}

function refused(code: string, reason: string): Refused {
  return { refusal: { code, reason } };
}

function breach(message: string, path: string): Fault {
  return new Fault('PLUGIN_CONTRACT', message, { path });
}

function isRecord(thing: unknown): thing is Record<string, unknown> {
  return typeof thing === 'object' && thing !== null && !Array.isArray(thing);
}
