/** A body in portions of any size; text goes out as UTF-8. */
export type StreamChunks = Iterable<string | Uint8Array> | AsyncIterable<string | Uint8Array>;

/**
 * A body that is made while it is sent. It is read from its start several times (once to measure it, once for each try), and
 * has to be the same each time: a list, a set, or a function that begins anew. A generator that has begun is refused.
 */
export type StreamSource = StreamChunks | (() => StreamChunks);
