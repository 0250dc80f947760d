import { PatternProblem, tokenizePattern, type PatternToken } from './pattern-tokens.js';

/** `path = 'value'`: one value that the pattern looks for. */
export interface Comparison {
  /** Type of the observable before the colon, such as `file`. */
  observable: string;
  /** Steps after it: `["hashes", "SHA-256"]`. */
  path: string[];
  value: string;
}

export type ParsedPattern =
  { ok: true; comparisons: Comparison[] } | { ok: false; kind: 'invalid' | 'unsupported'; reason: string };

/** Parentheses inside each other. */
const MAX_DEPTH = 32;
const ORDERING = new Set(['<', '>', '<=', '>=', '!=', '<>']);
const WORD_OPERATORS = new Set(['LIKE', 'MATCHES', 'ISSUBSET', 'ISSUPERSET']);

/**
 * The values that a STIX pattern looks for, when it is one equality comparison or an OR of them (`IN` is such an OR):
 * any one of the values alone makes it match, so that each is an indicator of its own. Everything else is well-formed
 * but `unsupported`, or `invalid`. Never throws.
 */
export function parsePattern(pattern: string): ParsedPattern {
  try {
    const parser = new PatternParser(tokenizePattern(pattern));
    parser.readPattern();
    return parser.unsupported === undefined
      ? { ok: true, comparisons: parser.comparisons }
      : { ok: false, kind: 'unsupported', reason: parser.unsupported };
  } catch (problem) {
    if (!(problem instanceof PatternProblem)) throw problem;
    return { ok: false, kind: problem.kind, reason: problem.message };
  }
}

/** Reads the whole grammar, so that a broken pattern is told from one that is only not supported. */
class PatternParser {
  readonly comparisons: Comparison[] = [];
  /** The first thing found that keeps the values from standing for themselves. */
  unsupported: string | undefined;
  readonly #tokens: readonly PatternToken[];
  #next = 0;
  #depth = 0;

  constructor(tokens: readonly PatternToken[]) {
    this.#tokens = tokens;
  }

  readPattern(): void {
    this.#readObservations();
    if (this.#peek().kind !== 'end') this.#fail('the end or a word between observations');
  }

  /** Observations with what joins and qualifies them. */
  #readObservations(): void {
    for (;;) {
      this.#readObservation();
      this.#readQualifiers();
      if (this.#takeWord('OR')) continue;
      if (this.#takeWord('AND')) this.#refuse('AND between observations');
      else if (this.#takeWord('FOLLOWEDBY')) this.#refuse('FOLLOWEDBY');
      else return;
    }
  }

  #readObservation(): void {
    if (this.#take('(')) {
      this.#nested(() => this.#readObservations());
      this.#expect(')');
      return;
    }
    this.#expect('[');
    this.#readComparisons();
    this.#expect(']');
  }

  #readQualifiers(): void {
    for (;;) {
      if (this.#takeWord('WITHIN')) this.#readUnits('WITHIN', 'SECONDS');
      else if (this.#takeWord('REPEATS')) this.#readUnits('REPEATS', 'TIMES');
      else if (this.#takeWord('START')) {
        this.#expectKind('typed', 'a timestamp');
        this.#expectWord('STOP');
        this.#expectKind('typed', 'a timestamp');
        this.#refuse('START … STOP');
      } else return;
    }
  }

  #readUnits(qualifier: string, unit: string): void {
    this.#expectKind('number', 'a number');
    this.#expectWord(unit);
    this.#refuse(qualifier);
  }

  #readComparisons(): void {
    for (;;) {
      this.#readComparison();
      if (this.#takeWord('OR')) continue;
      if (this.#takeWord('AND')) this.#refuse('AND between comparisons');
      else return;
    }
  }

  #readComparison(): void {
    if (this.#take('(')) {
      this.#nested(() => this.#readComparisons());
      this.#expect(')');
      return;
    }
    if (this.#takeWord('NOT')) this.#refuse('NOT');
    if (this.#takeWord('EXISTS')) {
      this.#readPath();
      this.#refuse('EXISTS');
      return;
    }
    const path = this.#readPath();
    if (this.#takeWord('NOT')) this.#refuse('NOT');
    for (const value of this.#readOperand()) this.comparisons.push({ ...path, value });
  }

  /** `file:hashes.'SHA-256'`, `x:list[*].name`. */
  #readPath(): { observable: string; path: string[] } {
    const observable = this.#expectKind('word', 'the type of an observable').text;
    this.#expect(':');
    const path = [this.#readStep()];
    for (;;) {
      if (this.#take('.')) path.push(this.#readStep());
      else if (this.#take('[')) {
        if (!this.#take('*')) this.#expectKind('number', 'a position or *');
        this.#expect(']');
        path.push('[]');
      } else return { observable, path };
    }
  }

  #readStep(): string {
    const token = this.#peek();
    if (token.kind !== 'word' && token.kind !== 'string') this.#fail('the name of a property');
    this.#next++;
    return token.text;
  }

  #readOperand(): string[] {
    const token = this.#peek();
    if (token.kind === 'word' && token.text === 'IN') {
      this.#next++;
      return this.#readSet();
    }
    const isWordOperator = token.kind === 'word' && WORD_OPERATORS.has(token.text);
    if (token.kind !== 'operator' && !isWordOperator) this.#fail('an operator');
    this.#next++;
    if (isWordOperator || ORDERING.has(token.text)) this.#refuse(`the operator ${token.text}`);
    return [this.#readLiteral()];
  }

  #readSet(): string[] {
    this.#expect('(');
    const values = [this.#readLiteral()];
    while (this.#take(',')) values.push(this.#readLiteral());
    this.#expect(')');
    return values;
  }

  #readLiteral(): string {
    const token = this.#peek();
    const isTruth = token.kind === 'word' && /^(?:true|false)$/i.test(token.text);
    if (token.kind === 'typed') this.#refuse('binary and time values');
    else if (token.kind !== 'string' && token.kind !== 'number' && !isTruth) this.#fail('a value');
    this.#next++;
    return token.text;
  }

  #nested(read: () => void): void {
    this.#depth++;
    if (this.#depth > MAX_DEPTH) {
      throw new PatternProblem(
        'unsupported',
        `The pattern has more than ${MAX_DEPTH} parentheses inside each other.`,
      );
    }
    read();
    this.#depth--;
  }

  #refuse(what: string): void {
    this.unsupported ??= `A pattern with ${what} names no single value to import.`;
  }

  #peek(): PatternToken {
    return this.#tokens[this.#next]!;
  }

  #take(punctuation: string): boolean {
    const token = this.#peek();
    const isIt = token.kind === 'punctuation' && token.text === punctuation;
    if (isIt) this.#next++;
    return isIt;
  }

  #takeWord(word: string): boolean {
    const token = this.#peek();
    const isIt = token.kind === 'word' && token.text === word;
    if (isIt) this.#next++;
    return isIt;
  }

  #expect(punctuation: string): void {
    if (!this.#take(punctuation)) this.#fail(`"${punctuation}"`);
  }

  #expectWord(word: string): void {
    if (!this.#takeWord(word)) this.#fail(word);
  }

  #expectKind(kind: PatternToken['kind'], what: string): PatternToken {
    const token = this.#peek();
    if (token.kind !== kind) this.#fail(what);
    this.#next++;
    return token;
  }

  #fail(expected: string): never {
    const token = this.#peek();
    const found = token.kind === 'end' ? 'the pattern ends' : `there is "${token.text.slice(0, 40)}"`;
    throw new PatternProblem(
      'invalid',
      `At character ${token.at + 1} ${expected} is expected, but ${found}.`,
    );
  }
}
