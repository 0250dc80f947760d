import { type AuthSpec, type CallSpec, Fault } from '@drover/model';
import type { CallReply } from '@drover/plugin-sdk';
import type { PluginTarget } from '@drover/engine';
import { AccessTokens } from './access-tokens.js';
import { secretAuthorizer, TokenAuthorizer } from './authorizers.js';
import type { CallScope, GivenParams, HookBroker } from './broker.js';
import { type RawAnswer, toReply } from './call-reply.js';
import {
  type Authorizer,
  type CallOwner,
  CallRunner,
  DONE_NOTHING,
  type RunnerDeps,
  type VendorCall,
} from './call-runner.js';
import type { ConnectionSession } from './connection-session.js';
import { buildRequest } from './outgoing-request.js';
import { authOf } from './place-secret.js';
import { orStopped, stoppedFault } from './stopped.js';
import type { Exchange } from './exchange.js';
import { WaitMeter } from './wait-meter.js';

export interface HookBrokerDeps {
  runner: RunnerDeps;
  session: ConnectionSession;
  target: PluginTarget;
  scope: CallScope;
  /** Aborts when the broker closes. */
  closing: AbortSignal;
}

/** The vendor calls of one hook over one connection. */
export class SessionHookBroker implements HookBroker {
  readonly #deps: HookBrokerDeps;
  readonly #waits: WaitMeter;
  readonly #calls: CallRunner;
  readonly #tokenCalls: CallRunner;
  readonly #tokens: AccessTokens;
  #vendorCalls = 0;
  #vendorWrites = 0;
  #writesUnderWay = 0;

  constructor(deps: HookBrokerDeps) {
    const { runner, session, target, scope, closing } = deps;
    this.#deps = deps;
    this.#tokens = scope.freshTokens
      ? new AccessTokens({ hide: (token) => session.hide(token) })
      : session.tokens;
    this.#waits = new WaitMeter(() => runner.clock.now());
    const owner: CallOwner = {
      manifest: target.manifest,
      purpose: scope.isTest === true ? 'test' : 'work',
      signal: scope.signal,
      waits: this.#waits,
      hasWritten: () => this.#vendorWrites + this.#writesUnderWay > 0,
      beforeWrite: (write) => scope.beforeWrite(write),
      beforeRead: () => scope.beforeRead?.(),
      sending: (spec) => this.#count(spec),
      slots: () => scope.slots?.(),
    };
    this.#calls = new CallRunner(runner, session, owner);
    // A token is for everybody: it is fetched even when the hook that asked first has gone.
    this.#tokenCalls = new CallRunner(runner, session, {
      ...owner,
      purpose: 'token',
      beforeRead: () => undefined,
      signal: closing,
      slots: () => undefined,
    });
  }

  get figures(): HookBroker['figures'] {
    return {
      vendorCalls: this.#vendorCalls,
      vendorWrites: this.#vendorWrites,
      waitedMs: this.#waits.waitedMs,
    };
  }

  get waitingCalls(): number {
    return this.#waits.waitingCalls;
  }

  redact<Value>(value: Value): Value {
    return this.#deps.session.redactor.redact(value);
  }

  async call(name: string, params: GivenParams, options: { readOnly?: boolean } = {}): Promise<CallReply> {
    const { session, target, scope, runner } = this.#deps;
    const spec = this.#declared(name);
    if (options.readOnly && spec.effect !== 'read') throw writeNotAllowed(spec, 'a resolver');
    if (scope.signal.aborted) throw stoppedFault(scope.signal);
    const request = buildRequest(spec, params, session.baseUrl);
    const authorizer = this.#authorizerFor(authOf(spec, target.manifest));
    const call = { spec, request, authorizer, covers: coversOf(spec, params) };
    if (request.body?.kind === 'stream') await orStopped(request.body.stream.measure(), scope.signal);
    const answer =
      scope.mode === 'plan' && spec.effect !== 'read' ? await this.#show(call) : await this.#calls.run(call);
    return toReply(answer, session.redactor, new Date(runner.clock.now()).toISOString());
  }

  #declared(name: string): CallSpec {
    const { target, scope } = this.#deps;
    const spec = target.manifest.calls.find((call) => call.name === name);
    if (spec === undefined) {
      throw new Fault(
        'CALL_NOT_DECLARED',
        `The plugin ${target.manifest.id} made the call ${this.redact(name)}, which its manifest does not declare; add it under calls.`,
        { path: '/calls' },
      );
    }
    if (spec.effect === 'read' || scope.readOnly === undefined) return spec;
    throw writeNotAllowed(spec, scope.readOnly);
  }

  /** A plan's write: shown to the engine, which records it and rejects. No rate limit is spent on it, and it never leaves. */
  async #show(call: VendorCall): Promise<RawAnswer> {
    await this.#deps.scope.beforeWrite(this.#calls.outgoing(call, call.request));
    throw writeNotAllowed(call.spec, 'a plan');
  }

  #authorizerFor(auth: AuthSpec): Authorizer {
    const { session, runner, target, scope, closing } = this.#deps;
    if (auth.type !== 'oauth2-client-credentials') return secretAuthorizer(auth, session);
    return new TokenAuthorizer(auth, {
      session,
      tokens: this.#tokens,
      clock: runner.clock,
      vendor: target.manifest.vendor,
      signal: scope.signal,
      closing,
      runner: this.#tokenCalls,
    });
  }

  #count(spec: CallSpec): (exchange: Exchange) => void {
    this.#vendorCalls += 1;
    if (spec.effect === 'read') return () => undefined;
    this.#writesUnderWay += 1;
    return (exchange) => {
      this.#writesUnderWay -= 1;
      if (mayHaveWritten(exchange)) this.#vendorWrites += 1;
    };
  }
}

function writeNotAllowed({ name, method, path }: CallSpec, where: string): Fault {
  return new Fault(
    'WRITE_NOT_ALLOWED',
    `The call ${name} (${method} ${path}) writes and was not sent: ${where} only reads.`,
    { path: `/calls/${name}` },
  );
}

/** The objects that the plugin says the call covers. Throws `CALL_INVALID`. */
function coversOf(spec: CallSpec, { covers }: GivenParams): readonly string[] | undefined {
  if (covers === undefined) return undefined;
  if (Array.isArray(covers) && covers.every((id) => typeof id === 'string')) return covers;
  throw new Fault('CALL_INVALID', `The call ${spec.name} needs its covers as a list of object ids.`, {
    path: `/calls/${spec.name}`,
  });
}

function mayHaveWritten(exchange: Exchange): boolean {
  return exchange.kind === 'broken' ? exchange.mayHaveArrived : !DONE_NOTHING.includes(exchange.status);
}
