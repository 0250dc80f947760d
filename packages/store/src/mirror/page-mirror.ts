import type { ClaimedPull, MirrorRules, PageRules } from '@drover/engine';
import { type AttributeValue, type MirrorSpec } from '@drover/model';
import { sql } from 'kysely';
import { type Database, rowsFrom, storableText } from '../database/database.js';
import { type InsertCell, insertRows } from '../database/insert-rows.js';
import type { Trx } from '../feeds/feed-rows.js';
import { lockObjects } from '../objects/object-rows.js';
import type { TargetAttribute, UpsertTarget } from '../objects/upsert-plan.js';
import { LatestValues } from './latest-values.js';
import { type MetField, meetVendor } from './meet-vendor.js';
import { goesIn, goesOut, inwardName, namesHere, outwardName, readRules } from './rule-rows.js';
import { type Shadow, readShadow } from './shadow.js';

/** What is kept beside an object of the feed; absent: what was there stays. */
interface MirrorRow {
  version?: number;
  changedAt?: number;
  shadow?: Shadow;
  checkedRevision?: number;
}

interface KnownRow {
  rules: MirrorRules;
  shadow: Shadow;
  changedAt: number | null;
}

/** The columns that `PageMirror.cellsOf` gives cells of. */
export const MIRROR_COLUMNS = ['mirror_version', 'changed_at', 'shadow', 'checked_revision'] as const;

/**
 * How a page's objects meet the library where the feed maps or mirrors: attributes go by their names here, and of objects
 * that the feed has fetched before only what is mirrored in is written, by the rules of each object's first fetch.
 */
export class PageMirror {
  readonly #trx: Trx;
  readonly #database: Database;
  readonly #feed: ClaimedPull['feed'];
  readonly #page: PageRules;
  readonly #rules: ReadonlyMap<number, MirrorRules>;
  readonly #version: number;
  readonly #rows = new Map<string, MirrorRow>();
  readonly #conflicts: InsertCell[][] = [];
  #cameIn = 0;

  private constructor(
    {
      trx,
      database,
      feed,
      page,
    }: { trx: Trx; database: Database; feed: ClaimedPull['feed']; page: PageRules },
    { rules, version }: { rules: ReadonlyMap<number, MirrorRules>; version: number },
  ) {
    this.#trx = trx;
    this.#database = database;
    this.#feed = feed;
    this.#page = page;
    this.#rules = rules;
    this.#version = version;
  }

  /** Undefined for a feed that neither maps nor mirrors. Its settings count as they are now, not as when the pull was taken up. */
  static async open(place: {
    trx: Trx;
    database: Database;
    feed: ClaimedPull['feed'];
    page: PageRules;
  }): Promise<PageMirror | undefined> {
    const rules = await readRules(place.trx, place.feed.id);
    const { mirror_version: version } = await place.trx
      .selectFrom('feeds')
      .select('mirror_version')
      .where('id', '=', place.feed.id)
      .executeTakeFirstOrThrow();
    const isPlain = place.page.mirror === undefined && Object.keys(rules.get(version)!.map).length === 0;
    return isPlain ? undefined : new PageMirror(place, { rules, version });
  }

  async shape(targets: readonly UpsertTarget[]): Promise<void> {
    const known = await this.#knownOf(targets);
    const latest = await LatestValues.read(this.#trx, this.#database.traits, {
      seqs: [...known.keys()],
      names: namesHere(this.#rules.values(), this.#page.mirror?.in ?? []),
      source: this.#page.source,
    });
    for (const target of targets) {
      const row = target.known === undefined ? undefined : known.get(target.known.seq);
      if (row === undefined) this.#firstFetch(target);
      else this.#laterFetch(target, row, latest);
    }
  }

  /** Cells of `MIRROR_COLUMNS` for an object that the page was about. */
  cellsOf(target: UpsertTarget): InsertCell[] {
    const { version, changedAt, shadow, checkedRevision } = this.#rows.get(keyOf(target)) ?? {};
    const text = shadow === undefined ? null : JSON.stringify(shadow);
    return [version ?? null, changedAt ?? null, text, checkedRevision ?? null];
  }

  /** Stores conflicts and counts. */
  async finish(): Promise<void> {
    await insertRows(this.#trx, this.#database.traits, {
      table: 'mirror_conflicts',
      columns: CONFLICT_COLUMNS,
      rows: this.#conflicts,
    });
    if (this.#cameIn === 0) return;
    await this.#trx
      .updateTable('feeds')
      .set({ mirrored_in: sql<number>`mirrored_in + ${this.#cameIn}` })
      .where('id', '=', this.#feed.id)
      .execute();
  }

  /** Objects that the feed has fetched under rules, locked: nobody changes them until the page is kept. */
  async #knownOf(targets: readonly UpsertTarget[]): Promise<Map<number, KnownRow>> {
    const seqs = targets.flatMap(({ known }) => (known === undefined ? [] : [{ seq: known.seq }]));
    if (this.#page.mirror === undefined || seqs.length === 0) return new Map();
    const { traits } = this.#database;
    await lockObjects(
      this.#trx,
      traits,
      seqs.map(({ seq }) => seq),
    );
    const rows = await this.#trx
      .selectFrom(rowsFrom(traits, { seq: 'bigint' }, seqs).as('wanted'))
      .crossJoin('feed_objects as b')
      .whereRef('b.object_seq', '=', 'wanted.seq')
      .where('b.feed_id', '=', this.#feed.id)
      .where('b.mirror_version', 'is not', null)
      .select(['b.object_seq', 'b.mirror_version', 'b.changed_at', 'b.shadow'])
      .execute();
    return new Map(
      rows.map((row) => [
        row.object_seq,
        {
          rules: this.#rules.get(row.mirror_version!)!,
          shadow: readShadow(row.shadow),
          changedAt: row.changed_at,
        },
      ]),
    );
  }

  /** All that the page says goes in, under the names of the feed's present rules. */
  #firstFetch(target: UpsertTarget): void {
    const rules = this.#rules.get(this.#version)!;
    const emitted = lastByName(target.attributes);
    const isMirrored = this.#page.mirror !== undefined;
    target.attributes = (isMirrored ? this.#onceEach(target.attributes, emitted) : target.attributes).flatMap(
      (attribute) => this.#mapped(rules, attribute) ?? [],
    );
    if (!isMirrored) return;
    const fields: Shadow['fields'] = {};
    for (const field of mirroredFields(this.#page.mirror!)) {
      const value = emitted.get(field);
      if (value !== undefined) fields[field] = { agreed: value, seen: value };
    }
    const isPassive = rules.direction === 'none';
    this.#rows.set(keyOf(target), {
      version: this.#version,
      ...(target.changedAt === undefined ? {} : { changedAt: Date.parse(target.changedAt) }),
      ...(isPassive ? {} : { shadow: { fields, isClosed: isClosed(target.status) } }),
      // What nobody else can have changed yet need not be looked through.
      ...(target.known === undefined ? { checkedRevision: 1 } : {}),
    });
  }

  /** Of what the page says only the fields that are mirrored in go in. */
  #laterFetch(target: UpsertTarget, row: KnownRow, latest: LatestValues): void {
    const { rules, shadow } = row;
    const emitted = lastByName(target.attributes);
    const { status } = target;
    target.attributes = [];
    target.newAliases = [];
    delete target.status;
    if (!goesIn(rules)) return;
    const changedAt = target.changedAt === undefined ? undefined : Date.parse(target.changedAt);
    // A page that was read before one that was kept already.
    if (changedAt !== undefined && row.changedAt !== null && changedAt < row.changedAt) return;
    let isTaken = false;
    for (const field of this.#page.mirror!.in ?? []) {
      const value = emitted.get(field);
      const name = inwardName(rules, field);
      if (value === undefined || name === undefined) continue;
      const met = this.#meet(target, { field, name, value, changedAt, row, latest });
      shadow.fields[field] = met.shadow;
      if (met.store !== undefined) target.attributes.push({ name, value, mode: 'replace', at: met.store.at });
      isTaken ||= met.isTaken;
    }
    if (status !== undefined) {
      const closes = rules.closeMirrored && isClosed(status) && !shadow.isClosed;
      if (closes) target.status = 'closed';
      isTaken ||= closes;
      shadow.isClosed = isClosed(status);
    }
    if (isTaken) this.#cameIn += 1;
    // -1 is no revision: it is looked through again, since what it is compared with may be another.
    this.#rows.set(keyOf(target), {
      ...(changedAt === undefined ? {} : { changedAt }),
      shadow,
      checkedRevision: -1,
    });
  }

  #meet(target: UpsertTarget, { field, name, value, changedAt, row, latest }: FieldPlace): MetField {
    const { seq } = target.known!;
    const pageAt = this.#page.at.getTime();
    const { out = [] } = this.#page.mirror!;
    const doesGoOut = goesOut(row.rules) && out.includes(field);
    const met = meetVendor({
      shadow: row.shadow.fields[field],
      value,
      changedAt: Math.min(changedAt ?? pageAt, pageAt),
      isSameState: changedAt !== undefined && changedAt === row.changedAt,
      pageAt,
      inward: latest.of(seq, name),
      outward: doesGoOut ? latest.of(seq, outwardName(row.rules, field)) : undefined,
      goesOut: doesGoOut,
      source: this.#page.source,
    });
    if (met.conflict !== undefined) {
      const { local, winner } = met.conflict;
      const vendorAt = Math.min(changedAt ?? pageAt, pageAt);
      const said = [JSON.stringify(local.value), local.source, local.at, JSON.stringify(value), vendorAt];
      this.#conflicts.push([this.#feed.id, seq, field, ...said, winner, pageAt]);
    }
    return met;
  }

  /** Of a field that has one value the last one of the page counts. */
  #onceEach(
    attributes: readonly TargetAttribute[],
    emitted: ReadonlyMap<string, AttributeValue>,
  ): TargetAttribute[] {
    const fields = mirroredFields(this.#page.mirror!);
    const others = attributes.filter(({ name }) => !fields.has(name));
    const single = [...fields].flatMap((name) => {
      const value = emitted.get(name);
      return value === undefined ? [] : [{ name, value }];
    });
    return [...others, ...single];
  }

  #mapped(rules: MirrorRules, { name, value }: TargetAttribute): TargetAttribute | undefined {
    const here = inwardName(rules, name);
    if (here === undefined) return undefined;
    return { name: storableText(here), value, mode: this.#page.modes.get(name) ?? 'add' };
  }
}

interface FieldPlace {
  field: string;
  name: string;
  value: AttributeValue;
  changedAt: number | undefined;
  row: KnownRow;
  latest: LatestValues;
}

const CONFLICT_COLUMNS = [
  'feed_id',
  'object_seq',
  'field',
  'local_value',
  'local_source',
  'local_at',
  'vendor_value',
  'vendor_at',
  'winner',
  'at',
];

function mirroredFields({ in: inward = [], out = [] }: MirrorSpec): Set<string> {
  return new Set([...inward, ...out]);
}

function lastByName(attributes: readonly TargetAttribute[]): Map<string, AttributeValue> {
  return new Map(attributes.map(({ name, value }) => [name, storable(value)]));
}

/** As the library will have it, so that the two can be compared. */
function storable(value: AttributeValue): AttributeValue {
  return typeof value === 'string' ? storableText(value) : value;
}

function isClosed(status: string | undefined): boolean {
  return status?.toLowerCase() === 'closed';
}

function keyOf({ type, subtype, valueKey }: UpsertTarget): string {
  return `${type}\0${subtype}\0${valueKey}`;
}
