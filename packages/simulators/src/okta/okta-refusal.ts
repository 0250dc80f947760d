/** Okta's error codes that are simulated, each with its status and words; `{0}` is what the refusal names. */
const ERRORS = {
  E0000001: [400, 'Api validation failed: {0}'],
  E0000003: [400, 'The request body was not well-formed.'],
  E0000006: [403, 'You do not have permission to perform the requested action'],
  E0000007: [404, 'Not found: {0}'],
  E0000009: [500, 'Internal Server Error'],
  E0000011: [401, 'Invalid token provided'],
  E0000022: [405, 'The endpoint does not support the provided HTTP method'],
  E0000031: [400, 'Invalid search criteria.'],
  E0000032: [403, 'Unlock is not allowed for this user.'],
  E0000038: [403, "This operation is not allowed in the user's current status."],
  E0000047: [429, 'API call exceeded rate limit due to too many requests.'],
} as const satisfies Record<string, readonly [number, string]>;

export type OktaErrorCode = keyof typeof ERRORS;

/** An error answer of the vendor. */
export class OktaRefusal extends Error {
  readonly statusCode: number;
  readonly code: OktaErrorCode;
  readonly causes: readonly string[];

  constructor(
    code: OktaErrorCode,
    { subject = '', causes = [] }: { subject?: string; causes?: string[] } = {},
  ) {
    const [statusCode, words] = ERRORS[code];
    super(words.replace('{0}', subject));
    this.statusCode = statusCode;
    this.code = code;
    this.causes = causes;
  }

  body(errorId: string): object {
    return {
      errorCode: this.code,
      errorSummary: this.message,
      errorLink: this.code,
      errorId,
      errorCauses: this.causes.map((errorSummary) => ({ errorSummary })),
    };
  }
}

export function noSuchUser(reference: string): OktaRefusal {
  return new OktaRefusal('E0000007', { subject: `Resource not found: ${reference} (User)` });
}
