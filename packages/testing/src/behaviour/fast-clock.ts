/** A clock that runs faster than time, so that minutes of waiting pass in a test. */
export function fastClock(factor: number): () => Date {
  const begin = Date.now();
  return () => new Date(begin + (Date.now() - begin) * factor);
}
