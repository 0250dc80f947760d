const LAST_CHARACTERS = 1_500;

/** What each process wrote last to stderr. */
export function lastWordsText(said: Record<string, string>): string[] {
  return Object.entries(said).flatMap(([name, text]) => [
    `== ${name} said last`,
    text.slice(-LAST_CHARACTERS).trim(),
  ]);
}
