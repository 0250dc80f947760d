import { Fault } from '@drover/model';
import { Assembler } from 'stream-json/core/assembler.js';
import type { Token } from 'stream-json/core/parser.js';
import type { StixObject } from './rows-of-object.js';

/** What a bundle holds, as it comes past. */
export type BundleItem =
  | { kind: 'object'; line: number; object: StixObject }
  /** An element of `objects` that is no object. */
  | { kind: 'stray'; line: number }
  /** Too large or too deep to be taken up. */
  | { kind: 'oversize'; line: number; id: string };

/** Characters of one object. */
export const MAX_OBJECT_LENGTH = 256 * 1024;
/** Objects and lists inside each other, the bundle included. */
const MAX_DEPTH = 64;
const OBJECTS_DEPTH = 2;

/**
 * Picks the objects out of a bundle's JSON tokens. Texts come in chunks, so that neither a text nor an object is held
 * beyond the limit. Faults: `IMPORT_MALFORMED` when the tokens are those of something else.
 */
export class BundleObjects {
  #depth = 0;
  #isInObjects = false;
  #hasObjects = false;
  /** The last key of the bundle itself. */
  #key = '';
  #text = '';
  #line = 0;
  /** Characters of the object at hand; beyond the limit it is no longer assembled. */
  #length = 0;
  #assembler = new Assembler<StixObject>();

  get isWhole(): boolean {
    return this.#hasObjects && this.#depth === 0;
  }

  /** Takes the next token, which stands on `line`; gives what it completes. */
  consume(token: Token, line: number): BundleItem | undefined {
    switch (token.name) {
      case 'startObject':
      case 'startArray':
        return this.#open(token, line);
      case 'endObject':
      case 'endArray':
        return this.#close(token);
      case 'startKey':
      case 'startString':
      case 'startNumber':
        this.#text = '';
        return undefined;
      case 'stringChunk':
      case 'numberChunk':
        this.#append(token.value);
        return undefined;
      case 'endKey':
        if (this.#depth === 1) this.#key = this.#text;
        this.#assemble({ name: 'keyValue', value: this.#text });
        return undefined;
      case 'endString':
        return this.#scalar({ name: 'stringValue', value: this.#text }, line);
      case 'endNumber':
        return this.#scalar({ name: 'numberValue', value: this.#text }, line);
      case 'trueValue':
      case 'falseValue':
      case 'nullValue':
        return this.#scalar(token, line);
      default:
        return undefined;
    }
  }

  #open(token: Token, line: number): BundleItem | undefined {
    if (this.#depth === 0 && token.name === 'startArray') throw notABundle('it is a list');
    if (this.#depth === 1 && this.#key === 'objects') {
      if (token.name !== 'startArray') throw notABundle('"objects" is no list');
      this.#isInObjects = true;
      this.#hasObjects = true;
    }
    const isElement = this.#isInObjects && this.#depth === OBJECTS_DEPTH;
    this.#depth++;
    if (isElement) {
      this.#line = line;
      this.#length = 0;
      this.#assembler = new Assembler<StixObject>();
    }
    if (this.#depth > MAX_DEPTH) {
      if (this.#depth > 10 * MAX_DEPTH) throw notABundle('its parts are nested too deeply');
      this.#length = Infinity;
    }
    this.#assemble(token);
    return undefined;
  }

  #close(token: Token): BundleItem | undefined {
    this.#assemble(token);
    this.#depth--;
    if (!this.#isInObjects) return undefined;
    if (this.#depth < OBJECTS_DEPTH) this.#isInObjects = false;
    if (this.#depth !== OBJECTS_DEPTH) return undefined;
    const line = this.#line;
    if (this.#length > MAX_OBJECT_LENGTH) return { kind: 'oversize', line, id: this.#idSoFar() };
    const object = this.#assembler.current!;
    return Array.isArray(object) ? { kind: 'stray', line } : { kind: 'object', line, object };
  }

  #scalar(token: Token, line: number): BundleItem | undefined {
    if (this.#depth === 0) throw notABundle('it is a single value');
    if (this.#depth === 1) {
      if (this.#key === 'objects') throw notABundle('"objects" is no list');
      if (this.#key === 'type' && token.name === 'stringValue' && token.value !== 'bundle') {
        throw notABundle(`its type is "${token.value.slice(0, 60)}"`);
      }
      return undefined;
    }
    if (this.#isInObjects && this.#depth === OBJECTS_DEPTH) return { kind: 'stray', line };
    this.#assemble(token);
    return undefined;
  }

  #append(chunk: string): void {
    if (this.#text.length <= MAX_OBJECT_LENGTH) this.#text += chunk;
    this.#length += chunk.length;
  }

  #assemble(token: Token): void {
    this.#length++;
    if (this.#isInObjects && this.#depth > OBJECTS_DEPTH && this.#length <= MAX_OBJECT_LENGTH) {
      this.#assembler.consume(token);
    }
  }

  #idSoFar(): string {
    const root: unknown = this.#assembler.stack[0] ?? this.#assembler.current;
    const id = typeof root === 'object' && root !== null ? (root as StixObject)['id'] : undefined;
    return typeof id === 'string' ? id : '';
  }
}

function notABundle(why: string): Fault {
  return new Fault('IMPORT_MALFORMED', `The file is no STIX bundle: ${why}.`);
}
