/** `message`: the refused URLs under `message` beside a `statusCode`; `errors`: under `errors`. Both are seen live. */
export type RefusalShape = 'message' | 'errors';

/** An error answer of the vendor. */
export class VendorRefusal extends Error {
  readonly statusCode: number;
  readonly body: unknown;

  constructor(statusCode: number, message: string, body: unknown = { statusCode, message }) {
    super(message);
    this.statusCode = statusCode;
    this.body = body;
  }
}

/** The 400 that names each refused URL with its reason; nothing of the request was written. */
export function refusedUrls(pairs: readonly [string, string][], shape: RefusalShape): VendorRefusal {
  const body = shape === 'message' ? { statusCode: 400, message: pairs } : { errors: pairs };
  return new VendorRefusal(400, 'URLs refused', body);
}
