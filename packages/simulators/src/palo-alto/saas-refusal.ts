/** An error answer of SaaS Security: three texts, as its token endpoint gives them. */
export class SaasRefusal extends Error {
  readonly statusCode: number;
  readonly body: { error: string; resolution: string; error_description: string };

  constructor(statusCode: number, description: string, resolution: string) {
    super(description);
    this.statusCode = statusCode;
    this.body = { error: ERROR_NAMES[statusCode] ?? 'error', resolution, error_description: description };
  }
}

const ERROR_NAMES: Record<number, string> = {
  400: 'bad_request',
  401: 'unauthorized',
  403: 'forbidden',
  404: 'not_found',
};

export function badRequest(description: string): SaasRefusal {
  return new SaasRefusal(400, description, 'Please correct the request.');
}

export function invalidCredentials(): SaasRefusal {
  return new SaasRefusal(401, 'Invalid credentials', 'Please submit valid credentials.');
}
