/** Words and `[flag, value]` pairs as a line that a POSIX shell takes apart again as given; unset values leave their flag out. */
export function shellCommand(parts: readonly (string | readonly [string, string | undefined])[]): string {
  return parts
    .flatMap((part) => {
      if (typeof part === 'string') return [part];
      const [flag, value] = part;
      return value === undefined ? [] : [flag, quoted(value)];
    })
    .join(' ');
}

function quoted(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}
