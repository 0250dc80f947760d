/** Enough to tell a format by. */
const HEAD_LENGTH = 4_096;

/** The first characters of a text (all, when it is shorter) and the whole text, first characters included. */
export async function peek(
  text: AsyncGenerator<string>,
): Promise<{ head: string; text: AsyncGenerator<string> }> {
  let head = '';
  let isAtEnd = false;
  while (head.length < HEAD_LENGTH && !isAtEnd) {
    const next = await text.next();
    isAtEnd = next.done === true;
    if (!next.done) head += next.value;
  }
  return { head: head.slice(0, HEAD_LENGTH), text: resume(head, isAtEnd ? undefined : text) };
}

async function* resume(head: string, rest: AsyncGenerator<string> | undefined): AsyncGenerator<string> {
  if (head !== '') yield head;
  if (rest !== undefined) yield* rest;
}
