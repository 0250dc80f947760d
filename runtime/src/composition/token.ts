declare const resolved: unique symbol;

/** Names a part of the runtime in the container, and says what its type is. */
export type Token<Part> = symbol & { readonly [resolved]?: Part };

export function token<Part>(name: string): Token<Part> {
  return Symbol(name);
}
