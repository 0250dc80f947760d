import type { FeedView, MirrorConflict, MirrorFigures, MirrorOffer, MirrorReport } from '@drover/engine';
import { count, counted } from './figures.js';
import { safeText } from './safe-text.js';
import { facts, table } from './table.js';

/** What a feed mirrors, as a few words for a list; empty for one whose plugin mirrors nothing. */
export function mirrorState({ mirror, mirrored }: FeedView): string {
  if (mirrored === undefined) return '';
  const troubles = troublesText(mirrored);
  return troubles === '' ? mirror.direction : `${mirror.direction} (${troubles})`;
}

/** The rows that a feed's facts have about mapping and mirroring. */
export function mirrorFacts({ mirror, mirrored, mirrorConfig }: FeedView): [string, string | undefined][] {
  const renamed = Object.entries(mirror.map).map(([field, here]) => `${field} → ${here ?? '(left out)'}`);
  const sent = Object.entries(mirror.mapOut).map(([field, here]) => `${here} → ${field}`);
  const maps: [string, string | undefined][] = [['map', renamed.join(', ') || undefined]];
  if (mirrored === undefined) return maps;
  const { can, objects } = mirrored;
  const ways = Object.entries(objects).filter(([, n]) => n > 0);
  const goesOut = mirror.direction === 'out' || mirror.direction === 'both';
  return [
    ...maps,
    ['map out', sent.join(', ') || undefined],
    ['mirror', `${mirror.direction}${mirror.closeMirrored ? ', closes what the vendor closes' : ''}`],
    ['comes in', can.in?.join(', ')],
    ['goes out', can.out === undefined ? undefined : `${can.out.join(', ')} by ${can.action}`],
    ['mirror config', goesOut ? JSON.stringify(mirrorConfig) : undefined],
    ['mirrored', ways.map(([way, n]) => `${way} ${count(n)}`).join(', ') || undefined],
    ...figureFacts(mirrored),
  ];
}

function figureFacts(figures: MirrorFigures): [string, string | undefined][] {
  return [
    ['changes', `${count(figures.cameIn)} came in, ${count(figures.wentOut)} went out`],
    ['troubles', troublesText(figures) || undefined],
    [
      'sending',
      figures.runId === undefined ? undefined : `${counted(figures.sending, 'object')} by ${figures.runId}`,
    ],
  ];
}

function troublesText(figures: MirrorFigures): string {
  const { refused, failed, unknown, conflicts } = figures;
  const counts = { refused, failed, unknown };
  const parts = Object.entries(counts).flatMap(([name, n]) => (n === 0 ? [] : [`${count(n)} ${name}`]));
  if (conflicts > 0) parts.push(counted(conflicts, 'conflict'));
  return parts.join(', ');
}

export function mirrorReport({ feed, runs, figures }: MirrorReport): string {
  const head =
    runs.length === 0
      ? `Nothing of ${safeText(feed)} was to be sent.`
      : `Sent what was changed of ${safeText(feed)}.`;
  const rows: [string, string | undefined][] = runs.map(({ id, status }) => ['run', `${id} ${status}`]);
  return `${head}\n\n${facts([...rows, ...figureFacts(figures)])}`;
}

/** 0 when all that was to be sent is at the vendor or on its way. */
export function exitCodeOfMirror({ refused, failed, unknown }: MirrorFigures): number {
  return refused + failed + unknown === 0 ? 0 : 2;
}

export function offerTable(offers: readonly MirrorOffer[]): string {
  return table(
    offers,
    [
      { title: 'OBJECT', value: ({ object }) => object.value, maxWidth: 40 },
      { title: 'STATUS', value: ({ status }) => status },
      { title: 'OFFERED', value: ({ offered }) => valuesText(offered), maxWidth: 60 },
      { title: 'CODE', value: ({ code }) => code },
      { title: 'WHY', value: ({ message }) => message, maxWidth: 100 },
      { title: 'AGAIN', value: ({ retryAt }) => retryAt },
      { title: 'RUN', value: ({ runId }) => runId },
    ],
    { nothing: 'All changes made here have reached the vendor.' },
  );
}

function valuesText(values: MirrorOffer['offered']): string {
  return Object.entries(values)
    .map(([name, value]) => `${name}=${value}`)
    .join(', ');
}

export function conflictTable(conflicts: readonly MirrorConflict[]): string {
  return table(
    conflicts,
    [
      { title: 'OBJECT', value: ({ object }) => object.value, maxWidth: 40 },
      { title: 'FIELD', value: ({ field }) => field },
      { title: 'HERE', value: ({ local }) => `${local.value} (${local.source})`, maxWidth: 40 },
      { title: 'AT', value: ({ local }) => local.at },
      { title: 'VENDOR', value: ({ vendor }) => String(vendor.value), maxWidth: 40 },
      { title: 'AT', value: ({ vendor }) => vendor.at },
      { title: 'WON', value: ({ winner }) => winner },
    ],
    { nothing: 'No field was changed by both sides.' },
  );
}
