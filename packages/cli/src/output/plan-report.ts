import type { PlannedRequest, PlanView, ReasonCount, RunView } from '@drover/engine';
import { bytes, count, counted, duration } from './figures.js';
import { runTimeMs } from './run-report.js';
import { safeText, shorten } from './safe-text.js';
import { table } from './table.js';

const SHOWN_REQUESTS = 10;
const EXCERPT_WIDTH = 300;

/** What a plan came to, for people: the requests that it would send, and what not and why. */
export function planReport(run: RunView, plan: PlanView, reasons: readonly ReasonCount[]): string {
  const blocks = [headline(run), callsText(plan), ...blastRadii(plan), ...requestsText(plan)];
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

function requestsText({ requests }: PlanView): string[] {
  const { data, nextCursor } = requests;
  const shown = data.slice(0, SHOWN_REQUESTS);
  const more =
    data.length > shown.length || nextCursor !== undefined
      ? [
          `Of ${nextCursor === undefined ? '' : 'more than '}${counted(data.length, 'request')} the first ${SHOWN_REQUESTS} are shown; --json shows more.`,
        ]
      : [];
  return [...shown.map(requestText), ...more];
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
