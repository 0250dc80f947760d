import { randomUUID } from 'node:crypto';

/** An error answer of the vendor outside of GraphQL. */
export class VendorRefusal extends Error {
  readonly statusCode: number;

  constructor(statusCode: number, message: string) {
    super(message);
    this.statusCode = statusCode;
  }
}

/** The body that every such answer has. */
export function refusalBody(code: number, message: string): object {
  const meta = { query_time: 0.0001, powered_by: 'crowdstrike-api-gateway', trace_id: randomUUID() };
  return { errors: [{ code, message }], meta };
}
