/** Marks that stand for punctuation wherever they are: nobody writes them in a live value. */
const SQUARE_MARKS: ReadonlyMap<string, string> = new Map([
  ['[.]', '.'],
  ['[:]', ':'],
  ['[@]', '@'],
  ['[/]', '/'],
  ['[://]', '://'],
]);

/** Marks that a path or a query may hold as they are; they count only before it. */
const HEAD_MARKS: ReadonlyMap<string, string> = new Map([
  ...SQUARE_MARKS,
  ['(.)', '.'],
  ['{.}', '.'],
  ['[dot]', '.'],
  ['(dot)', '.'],
  ['{dot}', '.'],
  ['(@)', '@'],
  ['{@}', '@'],
  ['[at]', '@'],
  ['(at)', '@'],
  ['{at}', '@'],
]);

const SHORTEST_MARK = 3;
const LONGEST_MARK = 5;
const CLOSING = /[\])}]/;
const DEFANGED_SCHEME = /^(\s*)(?:h(?:xx|\*\*|__)p|(fxp))(s?)(?=:\/\/)/i;

/**
 * Turns a value that was published so that nobody can click it back into the live one: `hxxps://evil[.]example/a`,
 * `1.2.3[.]4`, `user[@]example(dot)com`, `fxp[:]//…`. Only defang marks change, nothing is trimmed or re-cased; marks
 * with round or curly brackets or words count only before the path, where no live value has them. Doing it twice is
 * doing it once. Takes time in proportion to the length.
 */
export function refang(value: string): string {
  return replaceMarksEverywhere(value).replace(
    DEFANGED_SCHEME,
    (_, blanks: string, ftp: string | undefined, s: string) =>
      `${blanks}${ftp === undefined ? 'http' : 'ftp'}${s.toLowerCase()}`,
  );
}

function replaceMarksEverywhere(value: string): string {
  if (!CLOSING.test(value)) return value;
  const text = replaceMarks(value, SQUARE_MARKS);
  const head = headLength(text);
  return replaceMarks(text.slice(0, head), HEAD_MARKS) + text.slice(head);
}

/** Length of the part before path, query or fragment. */
function headLength(text: string): number {
  const scheme = text.indexOf('://');
  const firstEnd = text.search(/[/?#]/);
  if (firstEnd === -1) return text.length;
  if (scheme === -1 || firstEnd !== scheme + 1) return firstEnd;
  const afterScheme = scheme + 3;
  const end = text.slice(afterScheme).search(/[/?#]/);
  return end === -1 ? text.length : afterScheme + end;
}

/**
 * One walk with what came out so far as the stack: each closing bracket looks back over a mark's length, so that marks
 * inside marks are resolved too and none is left for a second walk.
 */
function replaceMarks(text: string, marks: ReadonlyMap<string, string>): string {
  if (!CLOSING.test(text)) return text;
  const out: string[] = [];
  for (let at = 0; at < text.length; at++) {
    const char = text[at]!;
    out.push(char);
    if (char !== ']' && char !== ')' && char !== '}') continue;
    for (let length = SHORTEST_MARK; length <= LONGEST_MARK; length++) {
      const live = marks.get(out.slice(-length).join('').toLowerCase());
      if (live === undefined) continue;
      out.splice(-length, length, ...live);
      break;
    }
  }
  return out.join('');
}
