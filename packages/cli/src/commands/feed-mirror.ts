import type { Command } from 'commander';
import { Fault } from '@drover/model';
import { type MirrorOptions, addMirrorOptions, mirrorRequest } from '../input/mirror-options.js';
import { wholeNumber } from '../input/whole-number.js';
import { conflictTable, exitCodeOfMirror, mirrorReport, offerTable } from '../output/mirror-report.js';
import { feedFacts } from '../output/pull-report.js';
import type { CommandResult, Session } from '../session.js';

const SHOWN = 100;

export function addFeedMirrorCommands(feed: Command, session: Session): void {
  addMirrorOptions(
    feed
      .command('set <feed>')
      .description('change how objects are mapped and mirrored that are fetched from now on'),
  ).action(async (ref: string, options: MirrorOptions) => session.finish(await set(session, ref, options)));
  feed
    .command('mirror <feed>')
    .description('send what was changed here to the vendor now, and follow it to its end')
    .action(async (ref: string) => session.finish(await mirror(session, ref)));
  feed
    .command('mirrors <feed>')
    .description('list changes that did not reach the vendor, with the reason, and conflicts')
    .option('--limit <n>', `most rows of each list, at most 1,000 (default: ${SHOWN})`, wholeNumber)
    .action(async (ref: string, options: { limit?: number }) =>
      session.finish(await mirrors(session, ref, options)),
    );
}

async function set(session: Session, ref: string, options: MirrorOptions): Promise<CommandResult> {
  const request = await mirrorRequest(options);
  if (Object.keys(request).length === 0) {
    throw new Fault(
      'INVALID_ARGUMENT',
      'Say what to change: --mirror, --map, --map-out, --mirror-config, --close-mirrored.',
    );
  }
  const application = await session.application();
  const feed = await application.feeds.setMirror(ref, request);
  const text = `Objects that are fetched from now on are mirrored so; those fetched before keep what held then.\n\n${feedFacts(feed)}`;
  return { document: feed, text };
}

async function mirror(session: Session, ref: string): Promise<CommandResult> {
  const application = await session.application();
  const stop = new AbortController();
  const unhook = session.host.onInterrupt(() => stop.abort());
  try {
    const report = await application.feeds.mirrorOut(ref, { signal: stop.signal });
    return { document: report, text: mirrorReport(report), exitCode: exitCodeOfMirror(report.figures) };
  } finally {
    unhook();
  }
}

async function mirrors(
  session: Session,
  ref: string,
  { limit = SHOWN }: { limit?: number },
): Promise<CommandResult> {
  const application = await session.application();
  const { data: offers } = await application.feeds.mirrorOffers(ref, { limit });
  const { data: conflicts } = await application.feeds.mirrorConflicts(ref, { limit });
  const { mirrored } = await application.feeds.show(ref);
  return {
    document: { offers, conflicts, figures: mirrored ?? null },
    text: `${offerTable(offers)}\n\nConflicts\n\n${conflictTable(conflicts)}`,
  };
}
