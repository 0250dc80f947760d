import { type Command, InvalidArgumentError } from 'commander';
import type { PageRequest } from '@drover/model';

export const MAX_PAGE = 1000;

export function addPageOptions(command: Command): Command {
  return command
    .option('--limit <n>', `at most so many, 1 to ${MAX_PAGE} (default: 100)`, pageLimit)
    .option('--cursor <cursor>', 'go on where the page before ended');
}

export function pageOf({ limit, cursor }: PageRequest): PageRequest {
  return { limit, cursor };
}

/** The line under a page that says that there is more. */
export function moreText(nextCursor: string | undefined): string {
  return nextCursor === undefined ? '' : `\n\nThere are more; go on with --cursor ${nextCursor}`;
}

function pageLimit(text: string): number {
  const n = Number(text);
  if (!Number.isInteger(n) || n < 1 || n > MAX_PAGE) {
    throw new InvalidArgumentError(`It must be a whole number from 1 to ${MAX_PAGE}.`);
  }
  return n;
}
