import type {
  CallReport,
  CallVerdict,
  Governor,
  Granted,
  OutgoingWrite,
  Refused,
  WriteResult,
  WriteVerdict,
} from '@drover/engine';
import { type CallSpec, DEFAULT_CALL_TIMEOUT_MS, DEFAULT_MAX_RESPONSE_BYTES } from '@drover/model';
import type { PluginManifest } from '@drover/model';
import type { Breakage } from './breakage.js';
import type { CallSlots } from './call-slots.js';
import { type RawAnswer, toAnswer, toReply } from './call-reply.js';
import type { Clock } from './clock.js';
import type { ConnectionSession } from './connection-session.js';
import { type Applicant, type GrantDesk, rateGroupOf } from './grant-desk.js';
import {
  contentTypeOf,
  type OutgoingBody,
  type OutgoingRequest,
  streamedLength,
  valueOf,
} from './outgoing-request.js';
import { readPoints } from './read-points.js';
import { redirectedRequest } from './redirect.js';
import { stoppedFault } from './stopped.js';
import {
  type CallStory,
  faultOfAnswer,
  faultOfBreakage,
  noAnswerFault,
  rateLimitedFault,
  vendorDownFault,
} from './vendor-fault.js';
import type { Exchange } from './exchange.js';
import type { WaitMeter } from './wait-meter.js';

/** Most requests of one repeatable call, rate limits and token renewals left out. */
const MAX_TRIES = 3;
const FIRST_PAUSE_MS = 500;
const MAX_REDIRECTS = 3;
const UNAUTHORIZED = 401;
const TOO_MANY_REQUESTS = 429;
/** Statuses that refuse a request before anything is done. */
export const DONE_NOTHING: readonly number[] = [UNAUTHORIZED, TOO_MANY_REQUESTS];

/** What calls share with the others of their hook. */
export interface CallOwner {
  manifest: PluginManifest;
  /**
   * Work waits while the vendor seems down. The test of a connection does not, and says how it is; nor does a token, which
   * is for a call that was let through: that one comes says nothing of the API.
   */
  purpose: 'work' | 'test' | 'token';
  signal: AbortSignal;
  waits: WaitMeter;
  hasWritten(): boolean;
  beforeWrite(write: OutgoingWrite): Promise<WriteVerdict>;
  beforeRead(): void;
  /** What its calls wait for beside their grants. */
  slots(): CallSlots | undefined;
  /** A request goes out. Answers what to call with what came of it. */
  sending(spec: CallSpec): (exchange: Exchange) => void;
}

/** Puts authentication into requests. */
export interface Authorizer {
  authorize(request: OutgoingRequest): Promise<OutgoingRequest>;
  /** After a 401: whether another try with other credentials makes sense. */
  renew(): Promise<boolean>;
}

export interface VendorCall {
  spec: CallSpec;
  request: OutgoingRequest;
  authorizer: Authorizer;
  /** Ids of the objects that it covers. */
  covers?: readonly string[] | undefined;
}

export interface RunnerDeps {
  governor: Governor;
  desk: GrantDesk;
  clock: Clock;
  /** From 0 to 1, for jitter. */
  random: () => number;
}

/** What one call has come to. */
interface CallState {
  request: OutgoingRequest;
  tries: number;
  redirects: number;
  /** What it was sent with last. */
  grant: Granted;
  slots: CallSlots | undefined;
}

/** Makes one vendor call: waits for its grant, sends, and sends again where that is safe. */
export class CallRunner {
  readonly #deps: RunnerDeps;
  readonly #session: ConnectionSession;
  readonly #owner: CallOwner;

  constructor(deps: RunnerDeps, session: ConnectionSession, owner: CallOwner) {
    this.#deps = deps;
    this.#session = session;
    this.#owner = owner;
  }

  /** Resolves for 2xx and what the call handles; throws a fault else (see `vendor-fault.ts`). */
  run(call: VendorCall): Promise<RawAnswer> {
    const slots = this.#owner.slots();
    return slots === undefined
      ? this.#run(call)
      : slots.inTurn(() => this.#run(call, slots), this.#owner.signal);
  }

  async #run(call: VendorCall, slots?: CallSlots): Promise<RawAnswer> {
    const applicant = this.#applicantOf(call.spec);
    const state: CallState = {
      request: call.request,
      tries: 0,
      redirects: 0,
      grant: await this.#granted(applicant),
      slots,
    };
    for (;;) {
      const answer = await this.#try(call, state);
      if (answer !== undefined) return answer;
      state.grant = await this.#granted(applicant);
    }
  }

  #applicantOf(spec: CallSpec): Applicant {
    const { manifest, signal, waits, purpose } = this.#owner;
    return {
      connectionId: this.#session.connection.id,
      manifest,
      spec,
      evenIfDown: purpose !== 'work',
      signal,
      waits,
      hasWritten: () => this.#owner.hasWritten(),
      waitedMs: 0,
    };
  }

  #granted(applicant: Applicant): Promise<Granted> {
    const story = this.#storyOf(applicant.spec);
    return this.#deps.desk.grant(applicant, ({ retryAfterMs, because }: Refused) =>
      because === 'down' ? vendorDownFault(story, retryAfterMs) : rateLimitedFault(story, retryAfterMs),
    );
  }

  /** The answer, a fault, or `undefined` to send again. */
  async #try(call: VendorCall, state: CallState): Promise<RawAnswer | undefined> {
    const { spec } = call;
    const exchange = await this.#send(call, state).catch(async (thrown: unknown) => {
      await this.#report(spec, state, { vendor: 'unknown' });
      throw thrown;
    });
    if (exchange.kind === 'replayed') {
      await this.#report(spec, state, { vendor: 'unknown' });
      return this.#asBefore(spec, exchange.answer);
    }
    return exchange.kind === 'broken'
      ? this.#afterBreakage(spec, exchange, state)
      : this.#afterAnswer(call, exchange, state);
  }

  #report(
    spec: CallSpec,
    { grant }: CallState,
    news: Pick<CallReport, 'vendor' | 'answer'>,
  ): Promise<CallVerdict> {
    const connectionId = this.#session.connection.id;
    const isNoWord = news.vendor === 'up' && this.#owner.purpose === 'token';
    return this.#deps.governor.report({
      connectionId,
      rateGroup: rateGroupOf(spec),
      grant,
      ...news,
      ...(isNoWord ? { vendor: 'unknown' } : {}),
    });
  }

  async #send(
    call: VendorCall,
    { request, slots }: CallState,
  ): Promise<Exchange | { kind: 'replayed'; answer: RawAnswer }> {
    const { spec, authorizer } = call;
    const authorized = await authorizer.authorize(request);
    const { signal, manifest } = this.#owner;
    const admit = async (): Promise<WriteVerdict> => {
      if (spec.effect !== 'read') return this.#owner.beforeWrite(this.outgoing(call, request));
      this.#owner.beforeRead();
      return { do: 'send' };
    };
    const verdict = await (slots === undefined ? admit() : slots.ready(admit));
    if (verdict.do === 'replay') return { kind: 'replayed', answer: toAnswer(verdict.reply) };
    let mayHaveLeft = false;
    const leave = async (): Promise<Exchange> => {
      if (signal.aborted) throw stoppedFault(signal);
      mayHaveLeft = true;
      const settle = this.#owner.sending(spec);
      const exchange = await this.#session.client.send(authorized, {
        timeoutMs: spec.timeoutMs ?? DEFAULT_CALL_TIMEOUT_MS,
        maxResponseBytes: spec.maxResponseBytes ?? DEFAULT_MAX_RESPONSE_BYTES,
        once: spec.delivery === 'once',
        writes: spec.effect !== 'read',
        userAgent: `drover (${manifest.id}/${manifest.version})`,
        signal,
        beforeBytes: verdict.beforeBytes,
      });
      settle(exchange);
      return exchange;
    };
    const exchange = await (slots === undefined ? leave() : slots.atVendor(leave, signal)).catch(
      async (thrown: unknown) => {
        // Only what was stopped before it had its slot is known not to have left.
        if (!mayHaveLeft) {
          await verdict.settled?.({ kind: 'notSent', reason: 'it was stopped before it was sent' });
        }
        throw thrown;
      },
    );
    if (verdict.settled !== undefined) await verdict.settled(this.#resultOf(exchange));
    return exchange;
  }

  /** The call as the engine is shown it. */
  outgoing({ spec, covers }: VendorCall, { method, url, body }: OutgoingRequest): OutgoingWrite {
    const { redactor } = this.#session;
    return {
      call: spec,
      ...(covers === undefined ? {} : { covers }),
      describe: () =>
        redactor.redact({
          method,
          path: url.pathname + url.search,
          ...(body === undefined ? {} : { body: this.#describeBody(body) }),
        }),
    };
  }

  #describeBody(body: OutgoingBody): NonNullable<ReturnType<OutgoingWrite['describe']>['body']> {
    const bytes = streamedLength(body);
    return {
      contentType: contentTypeOf(body),
      value: valueOf(body, (text) => this.#session.redactor.redactText(text)),
      ...(bytes === undefined ? {} : { bytes }),
    };
  }

  #resultOf(exchange: Exchange): WriteResult {
    if (exchange.kind === 'broken') {
      const kind = exchange.mayHaveArrived ? 'noAnswer' : 'notSent';
      return { kind, reason: this.#session.redactor.redactText(exchange.detail) };
    }
    if (DONE_NOTHING.includes(exchange.status))
      return { kind: 'notSent', reason: `status ${exchange.status}` };
    const at = new Date(this.#deps.clock.now()).toISOString();
    return { kind: 'answered', reply: toReply(exchange, this.#session.redactor, at) };
  }

  /** The answer, a fault, or `undefined` to send again. */
  async #afterAnswer(call: VendorCall, answer: RawAnswer, state: CallState): Promise<RawAnswer | undefined> {
    const { spec, authorizer } = call;
    const { status, headers } = answer;
    const points = readPoints(spec.points, answer);
    const verdict = await this.#report(spec, state, {
      vendor: status < 500 || isForPlugin(spec, answer) ? 'up' : 'down',
      answer: { status, headers, points },
    });
    if (status === UNAUTHORIZED && (await authorizer.renew())) return undefined;
    if (isForPlugin(spec, answer)) return answer;
    const story = this.#storyOf(spec);
    if (status === TOO_MANY_REQUESTS) {
      // The governor has closed the budget: the wait is in asking it again.
      if (verdict.retryAfterMs !== undefined) return undefined;
      throw rateLimitedFault(story, FIRST_PAUSE_MS);
    }
    if (status >= 500) return this.#afterServerError(story, answer, state, verdict);
    if (this.#follow(spec, answer, state)) return undefined;
    throw faultOfAnswer(story, answer);
  }

  /** An answer kept from an earlier try, as the plugin saw it then. */
  #asBefore(spec: CallSpec, answer: RawAnswer): RawAnswer {
    if (isForPlugin(spec, answer)) return answer;
    throw faultOfAnswer(this.#storyOf(spec), answer);
  }

  async #afterServerError(
    story: CallStory,
    answer: RawAnswer,
    state: CallState,
    { retryAfterMs, isDown }: CallVerdict,
  ): Promise<undefined> {
    if (story.spec.delivery === 'once') throw noAnswerFault(story, `it answered ${answer.status}`);
    // The vendor is called no more for a while: the wait is in asking for the next grant.
    if (isDown && this.#owner.purpose === 'work') return;
    if (++state.tries >= MAX_TRIES) throw faultOfAnswer(story, answer);
    if (retryAfterMs === undefined) await this.#pause(state.tries);
  }

  async #afterBreakage(spec: CallSpec, breakage: Breakage, state: CallState): Promise<undefined> {
    const story = this.#storyOf(spec);
    const { body } = state.request;
    const streamFailure = body?.kind === 'stream' ? body.stream.failure : undefined;
    const isOurs = breakage.refusal !== undefined || streamFailure !== undefined;
    const isOutage = breakage.isOutage && !isOurs;
    const { isDown } = await this.#report(spec, state, { vendor: isOutage ? 'down' : 'unknown' });
    if (breakage.refusal !== undefined) throw breakage.refusal;
    const isUnknown = spec.delivery === 'once' && breakage.mayHaveArrived;
    if (isUnknown) throw noAnswerFault(story, breakage.detail);
    if (breakage.reason === 'aborted') throw stoppedFault(this.#owner.signal);
    if (streamFailure !== undefined) throw streamFailure;
    if (isDown && spec.delivery === 'repeatable' && this.#owner.purpose === 'work') return;
    const mayRepeat = spec.delivery === 'repeatable' && breakage.reason === 'unreachable';
    if (!mayRepeat || ++state.tries >= MAX_TRIES) throw faultOfBreakage(story, breakage);
    await this.#pause(state.tries);
  }

  #follow(spec: CallSpec, answer: RawAnswer, state: CallState): boolean {
    const next = spec.effect === 'read' ? redirectedRequest(state.request, answer) : undefined;
    if (next === undefined || ++state.redirects > MAX_REDIRECTS) return false;
    state.request = next;
    return true;
  }

  async #pause(tries: number): Promise<void> {
    const { clock, random } = this.#deps;
    const { signal } = this.#owner;
    const pauseMs = FIRST_PAUSE_MS * 2 ** (tries - 1) * (0.5 + random());
    await clock.sleep(Math.ceil(pauseMs), signal).catch(() => Promise.reject(stoppedFault(signal)));
  }

  #storyOf(spec: CallSpec): CallStory {
    return {
      vendor: this.#owner.manifest.vendor,
      connectionName: this.#session.connection.name,
      spec,
      redactor: this.#session.redactor,
    };
  }
}

/** Whether the plugin reads the answer itself; any other is a fault. */
function isForPlugin({ handles }: CallSpec, { status }: RawAnswer): boolean {
  return (status >= 200 && status < 300) || handles?.includes(status) === true;
}
