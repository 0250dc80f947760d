import type { Command } from 'commander';
import type { CollectionQuery } from '@drover/model';
import { jsonObjectArgument } from './json-argument.js';

export interface QueryOptions {
  type?: string;
  subtype?: string;
  value?: string;
  query?: string;
}

export function addQueryOptions(command: Command): Command {
  return command
    .option('--type <type>', 'only objects of this type')
    .option('--subtype <subtype>', 'only objects of this subtype')
    .option('--value <pattern>', 'only objects with such a value; * stands for anything')
    .option('--query <json>', 'only objects that a query takes; JSON or @FILE');
}

/** What the options ask for as one query; all of them must hold. */
export async function queryOf(options: QueryOptions): Promise<CollectionQuery | undefined> {
  const parts: CollectionQuery[] = [];
  if (options.type !== undefined) parts.push({ type: options.type });
  if (options.subtype !== undefined) parts.push({ subtype: options.subtype });
  if (options.value !== undefined) parts.push({ value: options.value });
  if (options.query !== undefined) {
    // Only its outer form is known here; the store checks the query and reports every problem.
    parts.push((await jsonObjectArgument(options.query, { flag: '--query' })) as CollectionQuery);
  }
  return parts.length > 1 ? { and: parts } : parts[0];
}
