import { problem, type Problem } from '../json/problem.js';

const PARAMETER = /^[a-z][A-Za-z0-9]{0,63}$/;

/** A path template: `{param}` parts well formed and named once, no dot segments, nothing empty, no broken escapes. */
export function lintPath(path: unknown, pointer: string): Problem[] {
  if (typeof path !== 'string' || !path.startsWith('/')) return [];
  const problems = (message: string) => [problem('PATH_TEMPLATE_INVALID', pointer, message)];
  const names = [...path.matchAll(/\{([^{}]*)\}/g)].map((match) => match[1] ?? '');
  const rest = path.replaceAll(/\{[^{}]*\}/g, 'x');
  if (/[{}]/.test(rest)) return problems('Braces do not pair: write each parameter as {name}.');
  const odd = names.find((name) => !PARAMETER.test(name));
  if (odd !== undefined) {
    return problems(
      `“{${odd}}” is no parameter: use a lower-case letter, then letters and digits, such as {listId}.`,
    );
  }
  const doubled = names.find((name, index) => names.indexOf(name) !== index);
  if (doubled !== undefined)
    return problems(`The parameter {${doubled}} is there twice: name the second otherwise.`);
  if (/\}\{/.test(path)) return problems('Two parameters touch: put something between them.');
  const segments = rest.slice(1).split('/');
  if (segments.some((segment) => ['.', '..'].includes(decodeDots(segment)))) {
    return problems('Dot segments lead out of the path: write the path that is meant.');
  }
  if (segments.slice(0, -1).includes('')) return problems('Two slashes in a row: take one out.');
  if (/%(?![0-9A-Fa-f]{2})/.test(rest)) return problems('“%” must begin an escape such as %20.');
  return [];
}

function decodeDots(segment: string): string {
  return segment.replaceAll(/%2e/gi, '.');
}
