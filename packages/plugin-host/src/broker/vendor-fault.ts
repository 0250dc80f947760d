import { type CallSpec, Fault } from '@drover/model';
import type { Redactor } from '../secrets/redactor.js';
import type { Breakage } from './breakage.js';
import type { RawAnswer } from './call-reply.js';
import { vendorMessageOf } from './vendor-message.js';

/** What a fault's sentence needs to know beside the answer. */
export interface CallStory {
  vendor: string;
  connectionName: string;
  spec: CallSpec;
  redactor: Redactor;
}

/** The fault that an answer is which the plugin does not handle itself. */
export function faultOfAnswer(story: CallStory, answer: RawAnswer): Fault {
  const { status } = answer;
  if (status === 401 || status === 403) return credentialsRefused(story, answer);
  if (status >= 500) return new Fault('VENDOR_UNAVAILABLE', withWords(story, answer, ''));
  if (status >= 300 && status < 400) return redirectRefused(story, answer);
  return new Fault('VENDOR_REFUSED', withWords(story, answer, ''));
}

/** The fault that a request without an answer is, for a call that may be repeated or that never left. */
export function faultOfBreakage(story: CallStory, breakage: Breakage): Fault {
  switch (breakage.reason) {
    case 'timeout':
      return new Fault('VENDOR_TIMEOUT', `${story.vendor} did not answer in time while ${doing(story)}.`);
    case 'too-large':
      return new Fault(
        'RESPONSE_TOO_LARGE',
        `${story.vendor} answered with more than the call allows while ${doing(story)}.`,
      );
    case 'untrusted':
      return new Fault('VENDOR_UNREACHABLE', unreachable(story, breakage), { retryable: false });
    case 'unreachable':
    case 'aborted':
      return new Fault('VENDOR_UNREACHABLE', unreachable(story, breakage));
  }
}

/** A write that must not be repeated went out, and what came of it is not known. */
export function noAnswerFault(story: CallStory, what: string): Fault {
  return new Fault(
    'VENDOR_NO_ANSWER',
    `It is not known what came of ${doing(story)} at ${story.vendor}: ${what}. Look there before it is sent again.`,
  );
}

export function rateLimitedFault(story: CallStory, retryAfterMs: number): Fault {
  const seconds = Math.ceil(retryAfterMs / 1_000);
  return new Fault(
    'RATE_LIMITED',
    `The rate limit of ${story.vendor} asks to wait ${seconds} s before ${doing(story)}; it is taken up again after that.`,
    { retryAfterMs },
  );
}

/** The circuit breaker keeps the call back. */
export function vendorDownFault(story: CallStory, retryAfterMs: number): Fault {
  const seconds = Math.ceil(retryAfterMs / 1_000);
  return new Fault(
    'VENDOR_DOWN',
    `${story.vendor} seems to be down: the last calls over the connection ${story.connectionName} got no answer or a server error. It is called again in ${seconds} s, for ${doing(story)} too.`,
    { retryAfterMs },
  );
}

function doing({ spec }: CallStory): string {
  return `${spec.purpose} (${spec.method} ${spec.path})`;
}

function withWords(story: CallStory, answer: RawAnswer, advice: string): string {
  const words = vendorMessageOf(answer.text, story.redactor);
  const said = words === undefined ? '' : ` It said: ${words}`;
  return `${story.vendor} answered ${answer.status} while ${doing(story)}.${advice}${said}`;
}

function credentialsRefused(story: CallStory, answer: RawAnswer): Fault {
  const { spec, connectionName } = story;
  const right = spec.effect === 'read' ? 'read' : 'write to';
  const advice =
    answer.status === 401
      ? ` The credentials of the connection ${connectionName} were not accepted: check that they are complete and have not expired; they need the right to ${right} ${spec.path}.`
      : ` The credentials of the connection ${connectionName} lack the right to ${right} ${spec.path}.`;
  return new Fault('CREDENTIALS_REFUSED', withWords(story, answer, advice));
}

function redirectRefused(story: CallStory, answer: RawAnswer): Fault {
  const target = URL.parse(answer.headers['location'] ?? '');
  const where = target === null ? '' : ` to ${story.redactor.redactText(target.origin)}`;
  return new Fault(
    'REDIRECT_REFUSED',
    `${story.vendor} answered ${answer.status} while ${doing(story)}: it redirects${where}, which is not followed; check the connection’s base URL.`,
  );
}

function unreachable(story: CallStory, breakage: Breakage): string {
  return `${story.vendor} could not be reached while ${doing(story)}: ${breakage.detail}.`;
}
