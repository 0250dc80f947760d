import type { PlannedRequest, PlannedWriteBack, PlanView, ReasonCount, RunView } from '@drover/engine';
import { bytes, count, counted, duration } from './figures.js';
import { runTimeMs } from './run-report.js';
import { safeText, shorten } from './safe-text.js';
import { table } from './table.js';

const SHOWN_ROWS = 10;
const EXCERPT_WIDTH = 300;

/** What a plan came to, for people: the requests that it would send, and what not and why. */
export function planReport(run: RunView, plan: PlanView, reasons: readonly ReasonCount[]): string {
  const blocks = [
    headline(run),
    callsText(plan),
    ...blastRadii(plan),
    ...requestsText(plan, run),
    ...setsText(plan, run),
  ];
  if (run.fault !== undefined) blocks.push(safeText(`${run.fault.code}: ${run.fault.message}`));
  const unsent = reasons.filter(({ code }) => code !== 'PLANNED');
  if (unsent.length > 0) blocks.push(`Not sent:\n\n${unsentText(unsent)}`);
  if (plan.calls.length > 0) {
    blocks.push(
      'Requests that follow the first one of a hook may depend on its answer; they were not computed.',
    );
  }
  if (plan.isApplicable) blocks.push(`Nothing was sent. Apply it with:\n  drover run apply ${run.id}`);
  return blocks.join('\n\n');
}

function headline(run: RunView): string {
  const ms = runTimeMs(run);
  const took = ms === undefined ? '' : ` after ${duration(ms)}`;
  return safeText(
    `Plan ${run.id} of action ${run.actionId} (${run.pluginId}) over ${counted(run.summary.objects, 'object')} of ${run.collection} with ${run.connection}: ${run.status}${took}.`,
  );
}

function callsText({ calls }: PlanView): string {
  return table(
    calls,
    [
      { title: 'HOOK', value: (call) => call.hook },
      { title: 'CALL', value: (call) => `${call.method} ${call.call}` },
      { title: 'EFFECT', value: (call) => call.effect },
      { title: 'REQUESTS', value: (call) => count(call.requests), right: true },
      { title: 'OBJECTS', value: (call) => (call.objects === 0 ? '' : count(call.objects)), right: true },
    ],
    { nothing: 'It would send no request.' },
  );
}

function blastRadii({ calls }: PlanView): string[] {
  const warnings = calls.flatMap(({ call, blastRadius }) =>
    blastRadius === undefined ? [] : [safeText(`! ${call}: ${blastRadius}`)],
  );
  return warnings.length === 0 ? [] : [warnings.join('\n')];
}

/** One page of a plan: its requests, what it would set, or on the first page both. */
export function planPage({ requests, writeBacks }: PlanView): string {
  const blocks = requests.data.map(requestText);
  if (writeBacks.data.length > 0) blocks.push(writeBacksText(writeBacks.data));
  const cursors = [
    ['requests', requests.nextCursor],
    ['of what it would set', writeBacks.nextCursor],
  ].filter(([, cursor]) => cursor !== undefined);
  const more = cursors.map(([what, cursor]) => `There are more ${what}; go on with --cursor ${cursor}`);
  if (more.length > 0) blocks.push(more.join('\n'));
  return blocks.length === 0 ? 'There is nothing more.' : blocks.join('\n\n');
}

function requestsText({ requests: { data, nextCursor } }: PlanView, run: RunView): string[] {
  const shown = data.slice(0, SHOWN_ROWS);
  const isAll = data.length === shown.length && nextCursor === undefined;
  return [...shown.map(requestText), ...(isAll ? [] : [pagesText('requests', run)])];
}

function setsText({ sets, writeBacks: { data, nextCursor } }: PlanView, run: RunView): string[] {
  if (sets.length === 0) return [];
  const summary = sets.map(({ name, objects }) => `${name} on ${counted(objects, 'object')}`).join(', ');
  const shown = data.slice(0, SHOWN_ROWS);
  const isAll = data.length === shown.length && nextCursor === undefined;
  return [
    `It would set ${safeText(summary)}; nothing is stored:\n\n${writeBacksText(shown)}`,
    ...(isAll ? [] : [pagesText('of these', run)]),
  ];
}

function writeBacksText(rows: readonly PlannedWriteBack[]): string {
  return table(
    rows,
    [
      { title: 'OBJECT', value: (row) => row.value },
      { title: 'ATTRIBUTE', value: (row) => row.name },
      { title: 'HOW', value: (row) => row.mode },
      { title: 'VALUE', value: (row) => String(row.to) },
    ],
    { nothing: '' },
  );
}

function pagesText(what: string, run: RunView): string {
  return `The first ${SHOWN_ROWS} ${what} are shown; for all: drover run show ${run.id} --limit 1000`;
}

function requestText({ hook, method, path, objects, body }: PlannedRequest): string {
  const what =
    hook === 'finish' || hook === 'prepare' ? `once, in ${hook}` : `covers ${counted(objects, 'object')}`;
  const head = safeText(`${method} ${path}  (${what})`);
  if (body === undefined) return head;
  return `${head}\n  ${bytes(body.bytes)} of ${safeText(body.contentType)}: ${shorten(safeText(body.text), EXCERPT_WIDTH)}`;
}

function unsentText(reasons: readonly ReasonCount[]): string {
  return table(
    reasons,
    [
      { title: 'OUTCOME', value: (reason) => reason.status },
      { title: 'CODE', value: (reason) => reason.code },
      { title: 'OBJECTS', value: (reason) => count(reason.objects), right: true },
      { title: 'FOR EXAMPLE', value: (reason) => reason.example, maxWidth: 200 },
    ],
    { nothing: '' },
  );
}
