import type { CallEffect, HttpMethod } from '@drover/model';
import { Fault } from '@drover/model';
import type { OutgoingWrite, WriteResult, WriteVerdict } from '../ports/plugin-runtime.js';
import { onceNotAllowed } from '../write-gates/write-gate.js';

/** A write of a command, as people are shown it: without authentication, secrets masked. */
export interface CommandWrite {
  call: string;
  effect: CallEffect;
  method: HttpMethod;
  /** Path and query, percent-encoded. */
  path: string;
  body?: { contentType: string; value: unknown };
  blastRadius?: string;
}

export interface CommandGateParts {
  mode: 'apply' | 'plan';
  /** Asked before a destructive call leaves; rejecting stops it. */
  confirm(write: CommandWrite): Promise<void>;
  /** Makes durable, before it leaves, that a write may have left. */
  leaving(write: CommandWrite): Promise<void>;
}

/**
 * Stands before the writes of one command. In a plan the first write is shown and none leaves. Applied, a destructive one
 * is confirmed first, each is on record before it leaves, and one that must not be repeated leaves at most once.
 */
export class CommandGate {
  readonly #parts: CommandGateParts;
  #planned: CommandWrite | undefined;
  #onceCall: string | undefined;
  #unanswered: string | undefined;

  constructor(parts: CommandGateParts) {
    this.#parts = parts;
  }

  /** The first write of a plan. */
  get planned(): CommandWrite | undefined {
    return this.#planned;
  }

  /** The call that must not be repeated of which no answer came. */
  get unanswered(): string | undefined {
    return this.#unanswered;
  }

  readonly beforeWrite = async (write: OutgoingWrite): Promise<WriteVerdict> => {
    const { call } = write;
    const shown = shownWrite(write);
    if (this.#parts.mode === 'plan') {
      this.#planned ??= shown;
      const what = `the call ${call.name} (${call.method} ${call.path})`;
      throw new Fault('PLAN_STOP', `This is a plan: ${what} was recorded and not sent.`);
    }
    if (call.delivery === 'once') this.#claimOnce(call.name);
    try {
      if (call.effect === 'destructive') await this.#parts.confirm(shown);
      await this.#parts.leaving(shown);
    } catch (refusal) {
      if (call.delivery === 'once') this.#onceCall = undefined;
      throw refusal;
    }
    if (call.delivery !== 'once') return { do: 'send' };
    this.#unanswered = call.name;
    return { do: 'send', settled: (result) => this.#settle(result) };
  };

  #claimOnce(name: string): void {
    if (this.#onceCall !== undefined) throw onceNotAllowed(name, 'the command has made its one such call');
    this.#onceCall = name;
  }

  async #settle(result: WriteResult): Promise<void> {
    if (result.kind === 'noAnswer' || (result.kind === 'answered' && result.reply.status >= 500)) return;
    this.#unanswered = undefined;
    if (result.kind === 'notSent') this.#onceCall = undefined;
  }
}

function shownWrite(write: OutgoingWrite): CommandWrite {
  const { method, path, body } = write.describe();
  const { name, effect, blastRadius } = write.call;
  return {
    call: name,
    effect,
    method,
    path,
    ...(body === undefined ? {} : { body }),
    ...(blastRadius === undefined ? {} : { blastRadius }),
  };
}
