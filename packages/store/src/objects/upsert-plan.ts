import type { AttributeValue, EmitMode, ObjectDraft } from '@drover/model';
import { storableText } from '../database/database.js';
import { valueKey } from './value-key.js';

/** An object as the store has it before the call. */
export interface KnownObject {
  seq: number;
  type: string;
  subtype: string;
  value_key: string;
  status: string | null;
  status_at: number | null;
}

/** What the store knows about the texts of some drafts. */
export interface KnownFacts {
  /** Objects that have a draft's key, own one of the texts as an alias, or have one of the aliases as their value. */
  objects: readonly KnownObject[];
  aliases: readonly { type: string; alias_key: string; object_seq: number }[];
}

/** What a call comes to for one object. */
export interface UpsertTarget {
  /** Absent for an object that is to be made. */
  known?: KnownObject;
  type: string;
  subtype: string;
  value: string;
  valueKey: string;
  newAliases: string[];
  attributes: TargetAttribute[];
  status?: string;
  /** When its vendor last changed it, as the last of its drafts says. */
  changedAt?: string;
}

export interface TargetAttribute {
  name: string;
  value: AttributeValue;
  /** How it meets what is there. Default: what the call says for its name. */
  mode?: EmitMode;
  /** When it was said, milliseconds since 1970. Default: the time of the call. */
  at?: number;
}

export interface AliasProblem {
  /** Index of the draft. */
  index: number;
  alias: string;
}

export interface UpsertPlan {
  targets: UpsertTarget[];
  duplicates: number;
  takenAliases: AliasProblem[];
}

/**
 * Decides which object each draft is about, in order, as if each were written before the next is looked at: the object
 * with its key; else the one that owns its value as an alias; else a new one. An alias that another object owns or has
 * as its value is left out and reported.
 */
export function planUpsert(drafts: readonly ObjectDraft[], facts: KnownFacts): UpsertPlan {
  const planner = new Planner(
    facts,
    drafts.some(({ aliases = [] }) => aliases.length > 0),
  );
  drafts.forEach((draft, index) => planner.take(draft, index));
  return { targets: planner.targets, duplicates: planner.duplicates, takenAliases: planner.takenAliases };
}

class Planner {
  readonly targets: UpsertTarget[] = [];
  readonly takenAliases: AliasProblem[] = [];
  duplicates = 0;
  readonly #knownBySeq = new Map<number, KnownObject>();
  readonly #targetOfKnown = new Map<KnownObject, UpsertTarget>();
  readonly #byKey = new Map<string, KnownObject | UpsertTarget>();
  readonly #aliasOwners = new Map<string, KnownObject | UpsertTarget>();
  /** All objects that have a value, whatever their subtype; undefined when no draft claims an alias. */
  readonly #valueHolders?: Map<string, (KnownObject | UpsertTarget)[]>;

  constructor(facts: KnownFacts, claimsAliases: boolean) {
    if (claimsAliases) this.#valueHolders = new Map();
    for (const known of facts.objects) {
      this.#knownBySeq.set(known.seq, known);
      this.#register(known, known);
    }
    for (const { type, alias_key, object_seq } of facts.aliases) {
      const owner = this.#knownBySeq.get(object_seq);
      if (owner !== undefined) this.#aliasOwners.set(textKey(type, alias_key), owner);
    }
  }

  take(draft: ObjectDraft, index: number): void {
    const { target, isFirst } = this.#targetOf(draft);
    if (!isFirst) this.duplicates += 1;
    for (const { name, value } of draft.attributes ?? []) {
      target.attributes.push({ name: storableText(name), value });
    }
    if (draft.status !== undefined) target.status = storableText(draft.status);
    if (draft.changedAt !== undefined) target.changedAt = draft.changedAt;
    for (const text of draft.aliases ?? []) {
      const alias = storableText(text);
      if (!this.#claim(target, alias)) this.takenAliases.push({ index, alias });
    }
  }

  #targetOf(draft: ObjectDraft): { target: UpsertTarget; isFirst: boolean } {
    const value = storableText(draft.value);
    const key = valueKey(value);
    const subtype = draft.subtype ?? '';
    const found =
      this.#byKey.get(objectKey({ type: draft.type, subtype, value_key: key })) ??
      (this.#aliasOwners.size === 0 ? undefined : this.#aliasOwners.get(textKey(draft.type, key)));
    if (found !== undefined && 'newAliases' in found) return { target: found, isFirst: false };
    const planned = found === undefined ? undefined : this.#targetOfKnown.get(found);
    if (planned !== undefined) return { target: planned, isFirst: false };
    const target: UpsertTarget = {
      ...(found === undefined ? {} : { known: found }),
      type: draft.type,
      subtype: found?.subtype ?? subtype,
      value,
      valueKey: found?.value_key ?? key,
      newAliases: [],
      attributes: [],
    };
    this.targets.push(target);
    if (found === undefined) this.#register(target, { type: draft.type, subtype, value_key: key });
    else this.#targetOfKnown.set(found, target);
    return { target, isFirst: true };
  }

  #register(
    thing: KnownObject | UpsertTarget,
    key: { type: string; subtype: string; value_key: string },
  ): void {
    this.#byKey.set(objectKey(key), thing);
    if (this.#valueHolders === undefined) return;
    const text = textKey(key.type, key.value_key);
    const holders = this.#valueHolders.get(text);
    if (holders === undefined) this.#valueHolders.set(text, [thing]);
    else holders.push(thing);
  }

  /** Gives the alias to the target; false when it is another object's. */
  #claim(target: UpsertTarget, alias: string): boolean {
    const key = valueKey(alias);
    if (key === target.valueKey) return true;
    const text = textKey(target.type, key);
    const self = target.known ?? target;
    const owner = this.#aliasOwners.get(text);
    if (owner !== undefined) return owner === self;
    if (this.#valueHolders?.get(text)?.some((holder) => holder !== self)) return false;
    this.#aliasOwners.set(text, self);
    target.newAliases.push(alias);
    return true;
  }
}

function objectKey({
  type,
  subtype,
  value_key,
}: {
  type: string;
  subtype: string;
  value_key: string;
}): string {
  return `${type}\0${subtype}\0${value_key}`;
}

function textKey(type: string, key: string): string {
  return `${type}\0${key}`;
}
