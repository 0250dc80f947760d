import { type Column, facts, table } from './table.js';

type Fields = Record<string, unknown>;

/** A command's output as people read it: what has `x-columns` as tables of these, what stands beside as facts. */
export function outputText(schema: unknown, output: unknown): string {
  if (Array.isArray(output)) return listText(recordOf(schema), output);
  if (!isRecord(output)) return compact(output);
  if (hasColumns(schema)) return listText(recordOf(schema), [output]);
  const properties = recordOf(recordOf(schema).properties);
  const lists = Object.entries(output).filter(([name, value]) => isTable(properties[name], value));
  const single = Object.entries(output).filter(([name, value]) => !isTable(properties[name], value));
  const shown = single.filter(([, value]) => !isEmpty(value));
  const blocks = [
    ...(shown.length === 0 ? [] : [facts(shown.map(([name, value]) => [heading(name), compact(value)]))]),
    ...lists.map(([name, value]) => {
      const text = listText(recordOf(properties[name]), Array.isArray(value) ? value : [value]);
      return lists.length === 1 ? text : `${heading(name)}\n${text}`;
    }),
  ];
  return blocks.length === 0 ? 'The output is empty.' : blocks.join('\n\n');
}

function isTable(schema: unknown, value: unknown): boolean {
  if (isRecord(value)) return hasColumns(schema);
  return Array.isArray(value) && (hasColumns(schema) || (value.length > 0 && value.every(isRecord)));
}

function hasColumns(schema: unknown): boolean {
  return Array.isArray(recordOf(schema)['x-columns']);
}

function listText(schema: Fields, rows: readonly unknown[]): string {
  const nothing = 'The list is empty.';
  const declared = schema['x-columns'] as string[] | undefined;
  const names = declared ?? [...new Set(rows.flatMap((row) => (isRecord(row) ? Object.keys(row) : [])))];
  if (names.length === 0) return rows.map(compact).join('\n') || nothing;
  const columns: Column<unknown>[] = names
    .filter((name) => rows.some((row) => !isEmpty(recordOf(row)[name])))
    .map((name) => ({
      title: heading(name),
      value: (row) => compact(recordOf(row)[name]),
      right: rows.every((row) => ['number', 'undefined'].includes(typeof recordOf(row)[name])),
    }));
  return columns.length === 0 ? nothing : table(rows, columns, { nothing });
}

/** `created_at` and `createdAt` as `Created At`. */
function heading(name: string): string {
  return name
    .replace(/([a-z0-9])([A-Z])/g, '$1 $2')
    .split(/[_\s]+/)
    .filter((word) => word !== '')
    .map((word) => word[0]!.toUpperCase() + word.slice(1))
    .join(' ');
}

function isEmpty(value: unknown): boolean {
  if (value === undefined || value === null || value === '') return true;
  return typeof value === 'object' && Object.keys(value).length === 0;
}

function compact(value: unknown): string {
  if (value === undefined || value === null) return '';
  if (typeof value === 'string') return value;
  if (Array.isArray(value) && value.every((item) => typeof item !== 'object' || item === null)) {
    return value.map(compact).join(', ');
  }
  return JSON.stringify(value);
}

function recordOf(value: unknown): Fields {
  return isRecord(value) ? value : {};
}

function isRecord(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
