import type { Command } from 'commander';
import { table } from '../output/table.js';
import type { CommandResult, Session } from '../session.js';

export function addConfigCommands(program: Command, session: Session): void {
  const config = program.command('config').description('the settings of the runtime');
  config
    .command('print')
    .description('print the settings in force and where each comes from; secrets only as set or not set')
    .action(async () => session.finish(await print(session)));
}

async function print(session: Session): Promise<CommandResult> {
  const settings = await session.host.effectiveSettings({
    dataDir: session.options.dataDir,
    notify: (line) => session.note(line),
  });
  return {
    document: settings,
    text: table(
      settings,
      [
        { title: 'SETTING', value: (setting) => setting.name },
        { title: 'VALUE', value: (setting) => setting.value },
        { title: 'FROM', value: (setting) => setting.origin },
      ],
      { nothing: 'There are no settings.' },
    ),
  };
}
