import { Fault, type FaultOptions } from '@drover/model';

/**
 * Faults that a plugin throws when it reads them out of an answer: most vendors say some of them in a body with status
 * 200, where the host cannot see them. A fault of the transport or of a status was thrown by `context.call` already.
 *
 * What the host does with a fault is decided by its code and by `retryable`, never by its message or class. Any other code
 * in UPPER_SNAKE_CASE is fine too: `throw new Fault('URL_LIST_NOT_FOUND', 'There is no URL list …')`.
 */
type Details = Omit<FaultOptions, 'retryAfterMs'>;

/** `CREDENTIALS_REFUSED`: the account may not do this at all. Stops the run at once; say which endpoint refused. */
export function credentialsRefused(message: string, details: Details = {}): Fault {
  return new Fault('CREDENTIALS_REFUSED', message, details);
}

/**
 * `RATE_LIMITED`: the vendor wants fewer requests. Before the hook's first write the batch is put aside and the hook
 * later run again from its start; after a write it fails the batch's objects. `retryAfterMs` is milliseconds from now;
 * without it the host backs off by itself.
 */
export function rateLimited(message: string, details: FaultOptions = {}): Fault {
  return new Fault('RATE_LIMITED', message, details);
}

/** `VENDOR_UNAVAILABLE`: the vendor cannot answer now. The batch is tried again a few times. */
export function vendorUnavailable(message: string, details: FaultOptions = {}): Fault {
  return new Fault('VENDOR_UNAVAILABLE', message, details);
}

/** `VENDOR_REFUSED`: the vendor understood the request and will not do it. Not tried again. */
export function vendorRefused(message: string, details: Details = {}): Fault {
  return new Fault('VENDOR_REFUSED', message, details);
}

/** `VENDOR_ANSWER_INVALID`: an answer that does not have the documented shape. Not tried again. */
export function answerInvalid(message: string, details: Details = {}): Fault {
  return new Fault('VENDOR_ANSWER_INVALID', message, details);
}

/** `CONFIG_INVALID`: the config cannot work with this account, such as the name of a thing that is not there. `path` points into it. */
export function configInvalid(message: string, details: Details = {}): Fault {
  return new Fault('CONFIG_INVALID', message, details);
}
