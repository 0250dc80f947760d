/**
 * Fewest characters of a secret. A shorter one can be neither hidden nor guarded: it would turn up in harmless text by
 * chance and every such place would be blotted out.
 */
export const MIN_SECRET_LENGTH = 6;
