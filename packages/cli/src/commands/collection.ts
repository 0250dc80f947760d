import type { Command } from 'commander';
import type { CollectionView } from '@drover/engine';
import type { CollectionQuery } from '@drover/model';
import { jsonObjectArgument } from '../input/json-argument.js';
import { count } from '../output/figures.js';
import { safeText } from '../output/safe-text.js';
import { facts, table } from '../output/table.js';
import type { CommandResult, Session } from '../session.js';

export function addCollectionCommands(program: Command, session: Session): void {
  const collection = program.command('collection').description('name the objects that actions are offered');
  collection
    .command('create <name>')
    .description('make an empty fixed list, or with --query a saved query')
    .option('--query <json>', 'the saved query as JSON or @FILE, such as \'{"type": "indicator"}\'')
    .action(async (name: string, options: { query?: string }) =>
      session.finish(await create(session, name, options)),
    );
  collection
    .command('list')
    .description('list the collections')
    .action(async () => session.finish(await list(session)));
  collection
    .command('show <collection>')
    .description('show a collection and its objects by type')
    .action(async (ref: string) => session.finish(await show(session, ref)));
  collection
    .command('remove <collection>')
    .description('forget a collection; its objects stay')
    .action(async (ref: string) => session.finish(await remove(session, ref)));
}

async function create(session: Session, name: string, options: { query?: string }): Promise<CommandResult> {
  // Only its outer form is known here; the store checks the query and reports every problem.
  const query =
    options.query === undefined
      ? undefined
      : ((await jsonObjectArgument(options.query, { flag: '--query' })) as CollectionQuery);
  const application = await session.application();
  const collection = await application.collections.create({ name, query });
  return { document: collection, text: `Created the collection.\n\n${collectionText(collection)}` };
}

async function list(session: Session): Promise<CommandResult> {
  const application = await session.application();
  const collections = await application.collections.list();
  return {
    document: collections,
    text: table(
      collections,
      [
        { title: 'NAME', value: (collection) => collection.name },
        { title: 'KIND', value: (collection) => collection.kind },
        { title: 'OBJECTS', value: (collection) => count(collection.objects), right: true },
        { title: 'CREATED', value: (collection) => collection.createdAt },
      ],
      {
        nothing: 'There are no collections; make one with: drover objects import FILE --collection NAME',
      },
    ),
  };
}

async function show(session: Session, ref: string): Promise<CommandResult> {
  const application = await session.application();
  const collection = await application.collections.show(ref);
  const byType = table(
    collection.byType,
    [
      { title: 'TYPE', value: ({ type }) => type },
      { title: 'SUBTYPE', value: ({ subtype }) => subtype },
      { title: 'OBJECTS', value: ({ objects }) => count(objects), right: true },
    ],
    { nothing: 'It holds no objects.' },
  );
  return { document: collection, text: `${collectionText(collection)}\n\n${byType}` };
}

async function remove(session: Session, ref: string): Promise<CommandResult> {
  const application = await session.application();
  const { id, name } = await application.collections.show(ref);
  await application.collections.remove(ref);
  return {
    document: { removed: id, name },
    text: `Removed the collection ${safeText(name)}; its objects stay.`,
  };
}

function collectionText(collection: CollectionView): string {
  return facts([
    ['collection', collection.name],
    ['id', collection.id],
    ['kind', collection.kind],
    ['query', collection.query === undefined ? undefined : JSON.stringify(collection.query)],
    ['objects', count(collection.objects)],
    ['created', collection.createdAt],
  ]);
}
