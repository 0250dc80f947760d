import { Fault } from '@drover/model';

const MAX_NAMES = 10;
/** Commands that list a noun by another word. */
const LISTED_AS: Readonly<Record<string, string>> = { object: 'objects' };

/** What was found, or the fault `NOT_FOUND` with the names that exist. */
export function existing<Thing>(
  thing: Thing | undefined,
  { noun, ref, known = [] }: { noun: string; ref: string; known?: readonly string[] },
): Thing {
  if (thing !== undefined) return thing;
  const shown = known.slice(0, MAX_NAMES).join(', ') + (known.length > MAX_NAMES ? ', …' : '');
  const hint = shown === '' ? `"drover ${LISTED_AS[noun] ?? noun} list" shows them` : `there are: ${shown}`;
  throw new Fault('NOT_FOUND', `There is no ${noun} "${ref}"; ${hint}.`);
}
