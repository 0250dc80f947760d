import type { EmittedAttribute, WriteBack } from '@drover/model';
import { type CheckedPending, checkPending } from './polls/check-pending.js';
import type { PlacedObject } from './ports/run-ledger.js';

/** A plugin's word on one object, checked. */
export interface CheckedOutcome {
  placed: PlacedObject;
  status: 'succeeded' | 'unchanged' | 'skipped' | 'rejected' | 'failed';
  code?: string;
  message?: string;
  data?: Record<string, unknown>;
  writeBack?: WriteBack;
  retryable?: boolean;
}

export interface Books {
  /** In the order in which they were offered. Each object offered is either here or among `pending`, once. */
  outcomes: CheckedOutcome[];
  /** Objects whose outcome the vendor is to be asked for later; none where the rules do not allow it. */
  pending: CheckedPending[];
  /** What the plugin did against its contract, one sentence each, at most ten. */
  breaches: string[];
}

export interface BookRules {
  emits: readonly EmittedAttribute[];
  /** The hook may answer `pending`. Default false. */
  mayPend?: boolean;
}

const ANSWERS = new Set(['succeeded', 'unchanged', 'skipped', 'rejected', 'failed']);
const CODE = /^[A-Z][A-Z0-9_]{1,63}$/;
const MAX_MESSAGE_CHARS = 2_000;
const MAX_DATA_BYTES = 16 * 1024;
const DATA_PROBLEM = `The outcome’s data is not a JSON object of at most ${MAX_DATA_BYTES} bytes.`;
const MAX_BREACHES = 10;

/**
 * Makes the books balance: whatever a plugin answers for a batch, every object offered gets exactly one outcome, or is pending. What is
 * missing, doubled or malformed is `failed` with `PLUGIN_CONTRACT`; what was never offered is reported as a breach.
 */
export function balanceBooks(offered: readonly PlacedObject[], answer: unknown, rules: BookRules): Books {
  const breaches: string[] = [];
  const byId = new Map<string, PlacedObject>();
  for (const placed of offered) if (placed.object !== undefined) byId.set(placed.object.id, placed);
  const answered = new Map<string, CheckedOutcome | CheckedPending>();
  const doubled = new Set<string>();

  const list = Array.isArray(answer) ? (answer as unknown[]) : [];
  if (!Array.isArray(answer)) breaches.push('The hook returned no list of outcomes.');
  for (const item of list) {
    const objectId = idOf(item);
    const placed = objectId === undefined ? undefined : byId.get(objectId);
    if (objectId === undefined || placed === undefined) {
      breaches.push(`An outcome answers for ${objectId ?? 'no object'}, which was not offered.`);
    } else if (answered.has(objectId)) {
      doubled.add(objectId);
    } else {
      answered.set(objectId, checkAnswer(placed, item as Record<string, unknown>, rules, breaches));
    }
  }
  const answers = offered.map((placed) => {
    const id = placed.object?.id;
    if (id === undefined) return gone(placed);
    if (doubled.has(id))
      return breach(placed, 'The plugin answered more than once for this object.', breaches);
    return answered.get(id) ?? breach(placed, 'The plugin gave no outcome for this object.', breaches);
  });
  return {
    outcomes: answers.filter((one) => 'status' in one),
    pending: answers.filter((one) => 'token' in one),
    breaches: breaches.slice(0, MAX_BREACHES),
  };
}

/** The outcome of an object that was removed after the pass was frozen. */
export function gone(placed: PlacedObject): CheckedOutcome {
  return {
    placed,
    status: 'skipped',
    code: 'OBJECT_GONE',
    message: 'The object was removed after the pass was frozen; nothing was sent for it.',
  };
}

function breach(placed: PlacedObject, message: string, breaches: string[]): CheckedOutcome {
  breaches.push(message);
  return { placed, status: 'failed', code: 'PLUGIN_CONTRACT', message };
}

function idOf(item: unknown): string | undefined {
  const id = isRecord(item) ? item.objectId : undefined;
  return typeof id === 'string' ? id : undefined;
}

function isRecord(thing: unknown): thing is Record<string, unknown> {
  return typeof thing === 'object' && thing !== null && !Array.isArray(thing);
}

function checkAnswer(
  placed: PlacedObject,
  item: Record<string, unknown>,
  rules: BookRules,
  breaches: string[],
): CheckedOutcome | CheckedPending {
  if (item.status !== 'pending' || rules.mayPend !== true) {
    return checkOutcome(placed, item, rules, breaches);
  }
  const { pending, problem } = checkPending(placed, item);
  if (pending === undefined) return breach(placed, problem, breaches);
  if (!isData(pending.data)) return breach(placed, DATA_PROBLEM, breaches);
  return pending;
}

function isData(data: unknown): data is Record<string, unknown> | undefined {
  return data === undefined || (isRecord(data) && Buffer.byteLength(JSON.stringify(data)) <= MAX_DATA_BYTES);
}

function checkOutcome(
  placed: PlacedObject,
  item: Record<string, unknown>,
  rules: BookRules,
  breaches: string[],
): CheckedOutcome {
  const { status, code, message, data, writeBack, retryable } = item;
  if (typeof status !== 'string' || !ANSWERS.has(status)) {
    return breach(
      placed,
      `The outcome’s status is ${JSON.stringify(status)?.slice(0, 40)}, which is none.`,
      breaches,
    );
  }
  const outcome: CheckedOutcome = { placed, status: status as CheckedOutcome['status'] };
  if (status !== 'succeeded') {
    if (typeof code !== 'string' || !CODE.test(code) || typeof message !== 'string' || message === '') {
      return breach(placed, `A ${status} outcome needs a code in UPPER_SNAKE_CASE and a message.`, breaches);
    }
    outcome.code = code;
    outcome.message = message.slice(0, MAX_MESSAGE_CHARS);
  }
  if (data !== undefined) {
    if (!isData(data)) return breach(placed, DATA_PROBLEM, breaches);
    outcome.data = data;
  }
  if (writeBack !== undefined) {
    const problem = writeBackProblem(writeBack, status, rules);
    if (problem !== undefined) return breach(placed, problem, breaches);
    outcome.writeBack = writeBack as WriteBack;
  }
  if (status === 'failed' && retryable === true) outcome.retryable = true;
  return outcome;
}

function writeBackProblem(writeBack: unknown, status: string, { emits }: BookRules): string | undefined {
  if (status !== 'succeeded' && status !== 'unchanged') return `A ${status} outcome writes nothing back.`;
  if (!isRecord(writeBack)) return 'The write-back is not an object.';
  const { attributes = [], status: newStatus } = writeBack;
  if (
    newStatus !== undefined &&
    (typeof newStatus !== 'string' || newStatus === '' || newStatus.length > 200)
  ) {
    return 'The write-back’s status is not a short text.';
  }
  if (!Array.isArray(attributes)) return 'The write-back’s attributes are not a list.';
  for (const attribute of attributes as unknown[]) {
    const declared = isRecord(attribute) ? emits.find(({ name }) => name === attribute.name) : undefined;
    if (declared === undefined)
      return 'The write-back sets an attribute that the manifest’s emits does not declare.';
    const { value } = attribute as { value: unknown };
    if (typeof value !== declared.type || (typeof value === 'number' && !Number.isFinite(value))) {
      return `The write-back sets "${declared.name}" to something that is no ${declared.type}.`;
    }
  }
  return undefined;
}
