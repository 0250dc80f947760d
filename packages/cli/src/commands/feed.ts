import type { Command } from 'commander';
import type { FeedView, PullView } from '@drover/engine';
import { Fault } from '@drover/model';
import { collect, typedAssignments } from '../input/assignments.js';
import { interval } from '../input/interval.js';
import { jsonObjectArgument } from '../input/json-argument.js';
import { type MirrorOptions, addMirrorOptions, mirrorRequest } from '../input/mirror-options.js';
import { wholeNumber } from '../input/whole-number.js';
import { exitCodeOfMirror, mirrorReport } from '../output/mirror-report.js';
import { feedFacts, feedTable, pullProgressLine, pullReport, pullTable } from '../output/pull-report.js';
import { exitCodeOfRun } from '../output/run-report.js';
import { safeText } from '../output/safe-text.js';
import { StatusLine } from '../output/status-line.js';
import type { CommandResult, Session } from '../session.js';
import { addFeedMirrorCommands } from './feed-mirror.js';

const SHOWN_PULLS = 10;

interface CreateOptions extends MirrorOptions {
  plugin: string;
  connection: string;
  every: number;
  config?: string;
  set?: string[];
  collection?: string;
  absentAfter?: number;
  retentionDays?: number;
}

export function addFeedCommands(program: Command, session: Session): void {
  const feed = program.command('feed').description('bring objects of vendors, on demand and at intervals');
  addCreateCommand(feed, session);
  addFeedMirrorCommands(feed, session);
  feed
    .command('list')
    .description('list the feeds, with their last and their next pull')
    .action(async () => session.finish(await list(session)));
  feed
    .command('show <feed>')
    .description('show a feed, its objects and its last pulls')
    .action(async (ref: string) => session.finish(await show(session, ref)));
  feed
    .command('run <feed>')
    .description(
      'pull now, or go on with the pull that is open, follow it to its end, and send what was changed here',
    )
    .option('--restart', 'forget where the last page ended and begin anew')
    .action(async (ref: string, options: { restart?: boolean }) =>
      session.finish(await run(session, ref, options)),
    );
  feed
    .command('pause <feed>')
    .description('let no more pulls become due; one under way goes on')
    .action(async (ref: string) => {
      const application = await session.application();
      session.finish(changed(await application.feeds.pause(ref), 'is paused'));
    });
  feed
    .command('resume <feed>')
    .description('let pulls become due again; an overdue one is due at once')
    .action(async (ref: string) => {
      const application = await session.application();
      session.finish(changed(await application.feeds.resume(ref), 'is enabled'));
    });
  feed
    .command('remove <feed>')
    .description('forget a feed and its pulls; its collection and all objects stay')
    .action(async (ref: string) => {
      const application = await session.application();
      const { name, id, collection } = await application.feeds.show(ref);
      await application.feeds.remove(ref);
      const text = `Feed ${safeText(name)} is removed; the collection ${safeText(collection)} and its objects stay.`;
      session.finish({ document: { removed: id, name }, text });
    });
}

function addCreateCommand(feed: Command, session: Session): void {
  const command = feed
    .command('create <name>')
    .description('make a feed: a plugin of kind feed over a connection, pulled at an interval')
    .requiredOption('--plugin <plugin>', 'the plugin, by its ID or text id')
    .requiredOption('--connection <name>', 'the vendor account')
    .requiredOption('--every <interval>', 'minutes or hours between pulls, such as 15m or 6h', interval)
    .option('--config <json>', 'config as a JSON object or @FILE; it is kept as it is now')
    .option('--set <key=value>', 'one config value; may be repeated', collect)
    .option(
      '--collection <name>',
      'fixed list for its objects, made when there is none (default: the feed’s name)',
    )
    .option(
      '--absent-after <n>',
      'full passes without an object after which it is absent (default: 3)',
      wholeNumber,
    )
    .option(
      '--retention-days <n>',
      'days without a sight of an object after which it leaves the collection (default: it stays)',
      wholeNumber,
    );
  addMirrorOptions(command).action(async (name: string, options: CreateOptions) =>
    session.finish(await create(session, name, options)),
  );
}

async function create(session: Session, name: string, options: CreateOptions): Promise<CommandResult> {
  const application = await session.application();
  const { every: everyMs, plugin, connection, collection, absentAfter, retentionDays } = options;
  const config = await readConfig(session, options);
  const feed = await application.feeds.create({
    name,
    plugin,
    connection,
    config,
    everyMs,
    collection,
    absentAfter,
    retentionDays,
    mirror: await mirrorRequest(options),
  });
  const text = `Feed ${safeText(feed.name)} is made; its objects go to the collection ${safeText(feed.collection)}. Pull now with "drover feed run", or at its interval with "drover serve".`;
  return { document: feed, text: `${text}\n\n${feedFacts(feed)}` };
}

async function readConfig(session: Session, options: CreateOptions): Promise<Record<string, unknown>> {
  const whole =
    options.config === undefined ? {} : await jsonObjectArgument(options.config, { flag: '--config' });
  if (options.set === undefined) return whole;
  const application = await session.application();
  const { manifest } = await application.plugins.show(options.plugin);
  const properties = (manifest.config['properties'] ?? {}) as Record<string, { type?: string } | undefined>;
  return { ...whole, ...typedAssignments(options.set, (key) => properties[key]?.type) };
}

async function list(session: Session): Promise<CommandResult> {
  const application = await session.application();
  const feeds = await application.feeds.list();
  return { document: feeds, text: feedTable(feeds) };
}

async function show(session: Session, ref: string): Promise<CommandResult> {
  const application = await session.application();
  const feed = await application.feeds.show(ref);
  const { data: pulls } = await application.feeds.pulls(ref, { limit: SHOWN_PULLS });
  return { document: { ...feed, pulls }, text: `${feedFacts(feed)}\n\n${pullTable(pulls)}` };
}

async function run(session: Session, ref: string, options: { restart?: boolean }): Promise<CommandResult> {
  const application = await session.application();
  const pull = await application.feeds.run(ref, options);
  session.note(
    pull.counts.pages === 0
      ? `Pull ${pull.id} of ${safeText(pull.feed)}.`
      : `Pull ${pull.id} of ${safeText(pull.feed)} goes on after ${pull.counts.pages} pages.`,
  );
  await followPull(session, pull);
  const ended = await application.feeds.pull(pull.id);
  const exitCode = exitCodeOfRun(ended.status);
  const { mirrored } = await application.feeds.show(ref);
  const sends = mirrored !== undefined && mirrored.objects.out + mirrored.objects.both > 0;
  if (!sends || ended.status === 'failed') return { document: ended, text: pullReport(ended), exitCode };
  const mirror = await application.feeds.mirrorOut(ref);
  return {
    document: { ...ended, mirror },
    text: `${pullReport(ended)}\n\n${mirrorReport(mirror)}`,
    exitCode: exitCode === 0 ? exitCodeOfMirror(mirror.figures) : exitCode,
  };
}

/** Shows a pull's progress until it has ended. An interrupt stops at once: the pull stays open. */
async function followPull(session: Session, pull: PullView): Promise<void> {
  const application = await session.application();
  const line = new StatusLine(session.streams.stderr, session.options);
  const stop = new AbortController();
  const unhook = session.host.onInterrupt(() => {
    const how = `drover feed run ${pull.feed}`;
    stop.abort(new Fault('INTERRUPTED', `Stopped; the pull goes on after its last page with: ${how}`));
  });
  try {
    for await (const sighting of application.feeds.watch(pull.id, { signal: stop.signal })) {
      for (const { level, message, fields } of sighting.log) {
        if (level !== 'warn' && !session.options.verbose) continue;
        const detail = fields === undefined ? '' : ` ${JSON.stringify(fields)}`;
        line.print(safeText(`${level}: ${message}${detail}`));
      }
      line.update(pullProgressLine(sighting.pull));
    }
  } finally {
    unhook();
    line.clear();
  }
  if (stop.signal.aborted) throw stop.signal.reason;
}

function changed(feed: FeedView, what: string): CommandResult {
  return { document: feed, text: `Feed ${safeText(feed.name)} ${what}.` };
}
