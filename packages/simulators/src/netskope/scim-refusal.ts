import { VendorRefusal } from './vendor-refusal.js';

export const SCIM_ERROR = 'urn:ietf:params:scim:api:messages:2.0:Error';

/** An error answer as RFC 7644 §3.12 words it: the status as a text, and a type for some of them. */
export function scimRefusal(status: number, detail: string, scimType?: string): VendorRefusal {
  return new VendorRefusal(status, detail, {
    schemas: [SCIM_ERROR],
    status: String(status),
    ...(scimType === undefined ? {} : { scimType }),
    detail,
  });
}

export function invalidValue(detail: string): VendorRefusal {
  return scimRefusal(400, detail, 'invalidValue');
}
