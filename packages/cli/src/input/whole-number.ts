import { InvalidArgumentError } from 'commander';

/** For commander: a whole number from 1. */
export function wholeNumber(text: string): number {
  const n = Number(text);
  if (!Number.isSafeInteger(n) || n < 1) throw new InvalidArgumentError('It must be a whole number from 1.');
  return n;
}
