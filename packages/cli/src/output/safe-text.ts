/**
 * Text from outside (values of objects, vendors' messages) made safe to print: control characters and marks that turn
 * the writing direction show as `\u001b` and the like, so that a value cannot move the cursor or hide what it says.
 */
export function safeText(text: string): string {
  return text.replace(
    // oxlint-disable-next-line no-control-regex -- these are what must not reach a terminal
    /[\u0000-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

/** The text with an ellipsis in the place of what is over `width` characters. */
export function shorten(text: string, width: number): string {
  const characters = [...text];
  return characters.length <= width ? text : `${characters.slice(0, width - 1).join('')}…`;
}
