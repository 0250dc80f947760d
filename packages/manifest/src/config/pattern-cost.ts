import type { AST } from '@eslint-community/regexpp';
import { loadRegExpParser } from '../../lazy/libraries.cjs';

/** Texts longer than this never match a pattern of a manifest; they are refused before the pattern is run. */
export const MAX_MATCHED_LENGTH = 1024;
/** Most characters of a pattern. */
export const MAX_PATTERN_LENGTH = 256;
/** Most ways in which a pattern may try to match a text of the greatest length: some milliseconds of work. */
const MAX_WAYS = 2_000_000;
/** Most atoms of a pattern with its counted repetitions written out. */
const MAX_ATOMS = 5_000;

/**
 * Why a pattern is refused, as a sentence that says what to do; `undefined` for one that may be run on any text of at
 * most `MAX_MATCHED_LENGTH` characters.
 *
 * A backtracking matcher tries, at worst, every combination of repetition counts and alternatives. Their number is
 * bounded from the pattern's structure alone: alternatives add, a sequence multiplies, a repetition of something with
 * one way to match adds a way per count, and a repetition of something with several ways is exponential in its count.
 * So `(a|a)*` and `(a+)+` are refused, and so are three unbounded repetitions in a row.
 */
export function patternProblem(pattern: string): string | undefined {
  if (pattern.length > MAX_PATTERN_LENGTH) {
    return `The pattern has more than ${MAX_PATTERN_LENGTH} characters: shorten it.`;
  }
  let ast: AST.Pattern;
  try {
    const Parser = loadRegExpParser();
    ast = new Parser().parsePattern(pattern, 0, pattern.length, { unicode: true });
    // Whatever the parser thinks, the engine has the last word.
    new RegExp(pattern, 'u').test('');
  } catch (cause) {
    const told = (cause as { message?: unknown }).message;
    return `The pattern is no regular expression with the u flag (${String(told)}): correct it.`;
  }
  const measure = sumOf(ast.alternatives.map(measureSequence));
  if (measure.refused) return measure.refused;
  const ways = measure.ways * (ast.alternatives.every(startsAnchored) ? 1 : MAX_MATCHED_LENGTH + 1);
  if (ways <= MAX_WAYS && measure.atoms <= MAX_ATOMS) return undefined;
  return (
    'The pattern can take too long on some texts: anchor it with ^ and bound its repetitions, such as {1,64} in ' +
    'place of +, and repeat nothing that can match in several ways.'
  );
}

interface Measure {
  /** Most ways to try. */
  ways: number;
  /** Atoms with counted repetitions written out. */
  atoms: number;
  /** Why it is refused whatever it costs. */
  refused?: string;
}

function sumOf(measures: readonly Measure[]): Measure {
  return {
    ways: measures.reduce((sum, each) => sum + each.ways, 0),
    atoms: measures.reduce((sum, each) => sum + each.atoms, 0),
    refused: measures.find((each) => each.refused)?.refused,
  };
}

function measureSequence(sequence: AST.Alternative): Measure {
  const measures = sequence.elements.map(measureElement);
  return { ...sumOf(measures), ways: measures.reduce((product, each) => product * each.ways, 1) };
}

function measureElement(element: AST.Element): Measure {
  switch (element.type) {
    case 'Quantifier':
      return measureRepetition(element);
    case 'Group':
    case 'CapturingGroup':
      return sumOf(element.alternatives.map(measureSequence));
    case 'Assertion':
      return element.kind === 'lookahead' || element.kind === 'lookbehind'
        ? { ways: 1, atoms: 1, refused: 'The pattern looks around, with (?= or its like: say it without.' }
        : { ways: 1, atoms: 1 };
    case 'Backreference':
      return { ways: 1, atoms: 1, refused: 'The pattern refers back to a group: say it without.' };
    default:
      return { ways: 1, atoms: 1 };
  }
}

function measureRepetition({ element, min, max }: AST.Quantifier): Measure {
  const inner = measureElement(element);
  const most = Math.min(max, MAX_MATCHED_LENGTH);
  return {
    refused: inner.refused,
    atoms: inner.atoms * Math.max(1, min, Number.isFinite(max) ? max : 0),
    ways: inner.ways === 1 ? Math.max(1, most - min + 1) : sumOfPowers(inner.ways, min, most),
  };
}

/** The sum of `base ** n` for n from `from` to `to`; infinite as soon as it is beyond what is allowed. */
function sumOfPowers(base: number, from: number, to: number): number {
  let sum = 0;
  for (let n = from; n <= to; n++) {
    sum += base ** n;
    if (sum > MAX_WAYS) return Infinity;
  }
  return Math.max(1, sum);
}

function startsAnchored(sequence: AST.Alternative): boolean {
  const [first] = sequence.elements;
  return first?.type === 'Assertion' && first.kind === 'start';
}
