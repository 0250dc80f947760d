import { readFileSync } from 'node:fs';
import { parseSync } from '@swc/core';

const TEST_WORDS: ReadonlySet<unknown> = new Set(['describe', 'it', 'test']);

interface SyntaxNode {
  type: string;
  [key: string]: unknown;
}

/** What the tests of a file are called: titles as they are written, and the values of `name` in tables of cases. */
export function testTitlesIn(path: string): Set<string> {
  const titles = new Set<string>();
  visit(parseSync(readFileSync(path, 'utf8'), { syntax: 'typescript' }), (node) => {
    const title = node.type === 'CallExpression' ? titleOfCall(node) : nameOfCase(node);
    if (title !== undefined) titles.add(title);
  });
  return titles;
}

/** Of `it('…')`, `test.each(…)('…')` and their like. */
function titleOfCall({ callee, arguments: given }: SyntaxNode): string | undefined {
  const [first] = given as { expression: unknown }[];
  return isOfTest(callee) && isNode(first?.expression) ? textOf(first.expression) : undefined;
}

function isOfTest(callee: unknown): boolean {
  if (!isNode(callee)) return false;
  if (callee.type === 'Identifier') return TEST_WORDS.has(callee['value']);
  return isOfTest(callee.type === 'MemberExpression' ? callee['object'] : callee['callee']);
}

function nameOfCase(node: SyntaxNode): string | undefined {
  const { type, key, value } = node;
  if (type !== 'KeyValueProperty' || !isNode(key) || key['value'] !== 'name') return undefined;
  return isNode(value) ? textOf(value) : undefined;
}

function textOf(node: SyntaxNode): string | undefined {
  return node.type === 'StringLiteral' ? (node['value'] as string) : undefined;
}

function visit(value: unknown, see: (node: SyntaxNode) => void): void {
  if (Array.isArray(value)) {
    for (const item of value) visit(item, see);
    return;
  }
  if (typeof value !== 'object' || value === null) return;
  if (isNode(value)) see(value);
  for (const child of Object.values(value)) visit(child, see);
}

function isNode(value: unknown): value is SyntaxNode {
  return typeof value === 'object' && value !== null && typeof (value as SyntaxNode).type === 'string';
}
