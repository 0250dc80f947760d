import {
  type CollectionQuery,
  FaultList,
  type FaultRecord,
  findObjectType,
  findSubtype,
  suggestObjectType,
  suggestSubtype,
} from '@drover/model';
import { parseSince } from './since.js';

export const MAX_QUERY_DEPTH = 8;
export const MAX_QUERY_NODES = 64;
const MAX_STARS = 4;
const MAX_TEXT_LENGTH = 2_048;

const COMPARISONS = ['=', '!=', '>', '>=', '<', '<='];
const ORDERINGS = ['>', '>=', '<', '<='];

/**
 * The input as a query with types and subtypes in their canonical spelling, or the fault `QUERY_INVALID` with every
 * problem at its JSON Pointer.
 */
export function checkQuery(input: unknown): CollectionQuery {
  const checker = new QueryChecker();
  checker.node(input, { path: '', depth: 1 });
  if (checker.problems.length === 0) return canonical(input as CollectionQuery);
  const [first] = checker.problems;
  const more = checker.problems.length - 1;
  throw new FaultList(
    'QUERY_INVALID',
    `The query does not hold: ${first!.path === '' ? '' : `at ${first!.path} `}${first!.message}` +
      (more === 0 ? '' : ` There are ${more} more problems.`),
    checker.problems,
  );
}

type Place = { path: string; depth: number };

class QueryChecker {
  readonly problems: FaultRecord[] = [];
  #nodes = 0;

  node(input: unknown, place: Place): void {
    this.#nodes += 1;
    if (this.#nodes === MAX_QUERY_NODES + 1) {
      this.#problem(place.path, `A query has at most ${MAX_QUERY_NODES} nodes; make two collections of it.`);
    }
    if (this.#nodes > MAX_QUERY_NODES) return;
    if (place.depth > MAX_QUERY_DEPTH) {
      this.#problem(place.path, `A query nests at most ${MAX_QUERY_DEPTH} deep; write it flatter.`);
      return;
    }
    if (!isRecord(input)) {
      this.#problem(place.path, 'A query node is an object with one key, such as {"type": "indicator"}.');
      return;
    }
    const keys = Object.keys(input);
    if (keys.length !== 1) {
      this.#problem(
        place.path,
        `A query node has exactly one key, this one ${keys.length}; join several with "and".`,
      );
    }
    for (const key of keys) {
      this.#predicate(key, input[key], { path: `${place.path}/${escapePointer(key)}`, depth: place.depth });
    }
  }

  #predicate(key: string, operand: unknown, place: Place): void {
    switch (key) {
      case 'and':
      case 'or':
        this.#list(key, operand, place);
        return;
      case 'not':
        this.node(operand, { path: place.path, depth: place.depth + 1 });
        return;
      case 'type':
        this.#typeName(operand, place.path);
        return;
      case 'subtype':
        this.#subtypeName(operand, place.path);
        return;
      case 'status':
      case 'source':
        this.#text(operand, place.path);
        return;
      case 'value':
        this.#pattern(operand, place.path);
        return;
      case 'createdSince':
      case 'updatedSince':
        this.#since(operand, place.path);
        return;
      case 'attribute':
        this.#attribute(operand, place.path);
        return;
      default:
        this.#problem(place.path, `There is no predicate "${key}"; docs/collections.md lists them.`);
    }
  }

  #list(key: string, operand: unknown, { path, depth }: Place): void {
    if (!Array.isArray(operand) || operand.length === 0) {
      this.#problem(path, `"${key}" takes a list of at least one node.`);
      return;
    }
    operand.forEach((node, index) => this.node(node, { path: `${path}/${index}`, depth: depth + 1 }));
  }

  #text(operand: unknown, path: string): operand is string {
    if (typeof operand === 'string' && operand !== '' && operand.length <= MAX_TEXT_LENGTH) return true;
    this.#problem(path, `Give a text of 1 to ${MAX_TEXT_LENGTH} characters.`);
    return false;
  }

  #typeName(operand: unknown, path: string): void {
    if (!this.#text(operand, path) || findObjectType(operand) !== undefined) return;
    const hint = perhaps(suggestObjectType(operand));
    this.#problem(path, `There is no object type "${cut(operand)}"${hint}; one is "indicator".`);
  }

  #subtypeName(operand: unknown, path: string): void {
    if (!this.#text(operand, path) || findSubtype('indicator', operand) !== undefined) return;
    const hint = perhaps(suggestSubtype('indicator', operand));
    this.#problem(path, `There is no subtype "${cut(operand)}" of indicators${hint}; one is "SHA-256".`);
  }

  #pattern(operand: unknown, path: string): void {
    if (!this.#text(operand, path)) return;
    const stars = operand.split('*').length - 1;
    if (stars > MAX_STARS)
      this.#problem(path, `A value pattern has at most ${MAX_STARS} "*", this one ${stars}.`);
  }

  #since(operand: unknown, path: string): void {
    if (typeof operand === 'string' && parseSince(operand, 0) !== undefined) return;
    this.#problem(
      path,
      'Give an ISO 8601 time such as 2026-01-31T08:00:00Z, a date, or a span back from now such as 7d or 12h.',
    );
  }

  #attribute(operand: unknown, path: string): void {
    if (!isRecord(operand)) {
      this.#problem(path, 'Give an object with "name", "op" and "value".');
      return;
    }
    for (const key of Object.keys(operand)) {
      if (!['name', 'op', 'value'].includes(key)) {
        this.#problem(`${path}/${escapePointer(key)}`, `"attribute" has no key "${key}".`);
      }
    }
    this.#text(operand.name, `${path}/name`);
    this.#comparison(operand, path);
  }

  #comparison({ op, value }: Record<string, unknown>, path: string): void {
    if (op === 'exists') {
      if (value !== undefined) this.#problem(`${path}/value`, '"exists" takes no value; leave it out.');
      return;
    }
    if (typeof op !== 'string' || !COMPARISONS.includes(op)) {
      this.#problem(`${path}/op`, `"op" is one of ${COMPARISONS.join(' ')} exists.`);
      return;
    }
    if (!isAttributeValue(value)) {
      this.#problem(`${path}/value`, 'Give a text, a finite number, true or false to compare with.');
    } else if (ORDERINGS.includes(op) && typeof value !== 'number') {
      this.#problem(
        `${path}/value`,
        `"${op}" compares numbers only and this is a ${typeof value === 'string' ? 'text' : 'boolean'}; use = or !=, or give a number.`,
      );
    }
  }

  #problem(path: string, message: string): void {
    this.problems.push({ code: 'QUERY_INVALID', message, path });
  }
}

function canonical(query: CollectionQuery): CollectionQuery {
  if ('and' in query) return { and: query.and.map(canonical) };
  if ('or' in query) return { or: query.or.map(canonical) };
  if ('not' in query) return { not: canonical(query.not) };
  if ('type' in query) return { type: findObjectType(query.type)! };
  if ('subtype' in query) return { subtype: findSubtype('indicator', query.subtype)! };
  return query;
}

function perhaps(name: string | undefined): string {
  return name === undefined ? '' : `, perhaps "${name}" is meant`;
}

function cut(text: string): string {
  return text.length > 60 ? `${text.slice(0, 59)}…` : text;
}

function isRecord(input: unknown): input is Record<string, unknown> {
  return typeof input === 'object' && input !== null && !Array.isArray(input);
}

function isAttributeValue(value: unknown): boolean {
  if (typeof value === 'string') return value.length <= MAX_TEXT_LENGTH;
  return typeof value === 'boolean' || Number.isFinite(value);
}

function escapePointer(key: string): string {
  return key.replaceAll('~', '~0').replaceAll('/', '~1');
}
