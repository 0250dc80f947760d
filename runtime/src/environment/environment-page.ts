import { VARIABLES } from './variables.js';

const INTRODUCTION = `# Environment variables

<!-- Generated from runtime/src/environment/variables.ts: npm run docs -->

All settings of the runtime come from the environment and are read once, at the start. Each variable can also be given
as \`…_FILE\`, the path of a file that holds the value; the line break at its end does not count. Setting both is an
error. An empty variable counts as not set.

A \`DROVER_…\` variable that is not on this page is answered with a warning and the nearest name that means something.
A value that is not right stops the start with exit code 78, with all problems at once. \`drover config print\` shows
what is in force and where it comes from.
`;

const STANDARD = `
## Variables of the platform

These keep their usual names: \`HTTP_PROXY\`, \`HTTPS_PROXY\` and \`NO_PROXY\` for connections whose proxy is \`system\`, and
\`NODE_EXTRA_CA_CERTS\` for certificates of vendors with an authority of their own.
`;

/** The page `docs/environment.md`. */
export function renderEnvironmentPage(): string {
  const sections = Object.values(VARIABLES).map(
    ({ name, description, accepts, defaultText }) =>
      `\n## ${name}\n\n${description}\n\n- Accepts: ${accepts}\n- Default: ${defaultText}\n`,
  );
  return [INTRODUCTION, ...sections, STANDARD].join('');
}
