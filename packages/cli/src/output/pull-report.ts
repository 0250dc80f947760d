import type { FeedView, PageReason, Pull, PullView } from '@drover/engine';
import { hasEnded } from '@drover/model';
import { intervalText } from '../input/interval.js';
import { count, counted, duration } from './figures.js';
import { mirrorFacts, mirrorState } from './mirror-report.js';
import { safeText } from './safe-text.js';
import { facts, table } from './table.js';

/** How far a pull is, as one line. */
export function pullProgressLine(pull: Pull): string {
  const waits = pull.status === 'waiting' && pull.dueAt !== undefined ? `until ${pull.dueAt}` : undefined;
  const state = pull.status === 'running' ? undefined : pull.status;
  return [counted(pull.counts.pages, 'page'), countsText(pull), state, waits]
    .filter((part) => part !== undefined && part !== '')
    .join('  ');
}

/** How a pull ended, for people. */
export function pullReport(pull: PullView): string {
  const isOver = hasEnded(pull.status);
  const blocks = [
    `Pull ${pull.id} of ${safeText(pull.feed)} ${isOver ? `ended: ${pull.status}` : `is ${pull.status}`}.`,
    facts([
      ['objects', countsText(pull) || 'none'],
      ['pages', count(pull.counts.pages)],
      ['vendor calls', count(pull.vendorCalls)],
      ['waited', pull.waitedMs === 0 ? undefined : duration(pull.waitedMs)],
      ['taken up', pull.attempt > 1 ? `${pull.attempt} times` : undefined],
      ['time', timeText(pull)],
    ]),
  ];
  if (pull.fault !== undefined) blocks.push(safeText(`${pull.fault.code}: ${pull.fault.message}`));
  if (pull.reasons.length > 0) blocks.push(reasonsText(pull.reasons));
  return blocks.join('\n\n');
}

function timeText({ startedAt, endedAt }: Pull): string | undefined {
  if (startedAt === undefined || endedAt === undefined) return undefined;
  return duration(Date.parse(endedAt) - Date.parse(startedAt));
}

const COUNTED = [
  'created',
  'updated',
  'unchanged',
  'duplicates',
  'rejected',
  'skipped',
  'absent',
  'forgotten',
] as const;

export function countsText({ counts }: Pull): string {
  return COUNTED.filter((name) => counts[name] > 0)
    .map((name) => `${name} ${count(counts[name])}`)
    .join(', ');
}

function reasonsText(reasons: readonly PageReason[]): string {
  return table(
    reasons,
    [
      { title: 'OBJECTS', value: ({ objects }) => count(objects), right: true },
      { title: 'WHAT', value: ({ kind }) => kind },
      { title: 'CODE', value: ({ kind, code }) => (kind === 'skipped' ? '' : code) },
      { title: 'WHY', value: ({ reason }) => reason, maxWidth: 100 },
    ],
    { nothing: '' },
  );
}

/** Whether a feed pulls on its own, in few words. */
export function feedState({ status, failures }: FeedView): string {
  if (status === 'paused') return 'paused';
  return failures === 0 ? 'enabled' : `backing off (${counted(failures, 'failure')})`;
}

export function feedTable(feeds: readonly FeedView[]): string {
  return table(
    feeds,
    [
      { title: 'FEED', value: (feed) => feed.name, maxWidth: 32 },
      { title: 'PLUGIN', value: (feed) => feed.pluginId },
      { title: 'CONNECTION', value: (feed) => feed.connection, maxWidth: 24 },
      { title: 'EVERY', value: (feed) => intervalText(feed.everyMs), right: true },
      { title: 'STATE', value: feedState },
      { title: 'OBJECTS', value: (feed) => count(feed.objects.present), right: true },
      { title: 'MIRROR', value: mirrorState, maxWidth: 40 },
      { title: 'LAST PULL', value: (feed) => feed.lastPull?.status },
      { title: 'NEXT', value: (feed) => (feed.status === 'paused' ? '' : feed.dueAt) },
    ],
    { nothing: 'There are no feeds; make one with: drover feed create NAME --plugin PLUGIN …' },
  );
}

export function feedFacts(feed: FeedView): string {
  return facts([
    ['feed', `${feed.name} (${feed.id})`],
    ['plugin', feed.pluginId],
    ['connection', feed.connection],
    ['collection', feed.collection],
    ['config', JSON.stringify(feed.config)],
    ['every', intervalText(feed.everyMs)],
    ['state', feedState(feed)],
    ['next pull', feed.status === 'paused' ? undefined : feed.dueAt],
    ['last synced', feed.syncedAt ?? 'never'],
    ['objects', `${count(feed.objects.present)} present, ${count(feed.objects.absent)} absent`],
    ['absent after', `${count(feed.absentAfter)} full ${feed.absentAfter === 1 ? 'pass' : 'passes'}`],
    ['retention', feed.retentionDays === undefined ? undefined : counted(feed.retentionDays, 'day')],
    ...mirrorFacts(feed),
    ['full passes', count(feed.fullPasses)],
    ['checkpoint', feed.checkpoint === undefined ? 'none' : JSON.stringify(feed.checkpoint).slice(0, 200)],
  ]);
}

export function pullTable(pulls: readonly Pull[]): string {
  return table(
    pulls,
    [
      { title: 'PULL', value: (pull) => pull.id },
      { title: 'STATUS', value: (pull) => pull.status },
      { title: 'BY', value: (pull) => pull.trigger },
      { title: 'PAGES', value: (pull) => count(pull.counts.pages), right: true },
      { title: 'OBJECTS', value: countsText, maxWidth: 80 },
      { title: 'STARTED', value: (pull) => pull.startedAt },
      { title: 'FAULT', value: (pull) => pull.fault?.code },
    ],
    { nothing: 'It has not pulled yet.' },
  );
}
