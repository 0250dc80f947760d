import { PassThrough } from 'node:stream';
import type { Command } from 'commander';
import type { CliHost } from './cli-host.js';
import { buildProgram } from './program.js';
import { Session } from './session.js';

const INTRODUCTION = `# The command line

<!-- Generated from the commands themselves: npm run docs -->

Every command takes \`--json\` (the result as one JSON document on the last line of stdout; problems as JSON on stderr),
\`--data-dir\`, \`--quiet\` and \`--verbose\`. Inside the repository, type \`npx drover\`.

| exit code | meaning                                                               |
| --------- | --------------------------------------------------------------------- |
| 0         | succeeded; an import that took some rows tells which it refused       |
| 1         | usage: an argument, a name or a file that is not right                |
| 2         | partial: objects of a run were refused or failed, or none was taken   |
| 3         | failed, or was cancelled                                              |
| 4         | refused by policy                                                     |
| 78        | configuration: the environment, a config or a connection is not right |
`;

/** The page \`docs/cli.md\`, from the help of every command. */
export function renderCliPage(): string {
  const streams = { stdin: new PassThrough(), stdout: new PassThrough(), stderr: new PassThrough() };
  // Nothing is run: the host is only asked for its version.
  const program = buildProgram(new Session({ version: '' } as CliHost, streams));
  program.configureHelp({ showGlobalOptions: false, helpWidth: 100 });
  const sections = program.commands.flatMap((command) => sectionsOf(command, 'drover'));
  return [INTRODUCTION, ...sections].join('\n');
}

function sectionsOf(command: Command, path: string): string[] {
  const name = `${path} ${command.name()}`;
  if (command.commands.length > 0) {
    return [
      `## ${name}\n\n${sentence(command.description())}\n`,
      ...command.commands.flatMap((child) => sectionsOf(child, name)),
    ];
  }
  command.configureHelp({ showGlobalOptions: false, helpWidth: 100 });
  const level = path === 'drover' ? '##' : '###';
  return [`${level} ${name}\n\n\`\`\`text\n${command.helpInformation().trimEnd()}\n\`\`\`\n`];
}

function sentence(description: string): string {
  return `${description.slice(0, 1).toUpperCase()}${description.slice(1)}.`;
}
