import { type Command, InvalidArgumentError } from 'commander';
import type { SimulatorOptions } from '../cli-host.js';
import type { Session } from '../session.js';

const MAX_PORT = 65_535;
const MAX_LATENCY_MS = 600_000;
const MAX_SEED = 2 ** 32 - 1;
const MAX_MADE = 1_000_000;

export function addSimulateCommand(program: Command, session: Session): void {
  program
    .command('simulate <vendor>')
    .description('serve a stateful stand-in of a vendor’s API until interrupted')
    .option('--port <port>', 'port to listen on; 0 takes a free one', port, 0)
    .option('--latency-ms <ms>', 'how long every request takes at least', latency, 0)
    .option(
      '--users <n>',
      'how many users to make beside the usual ones, where the vendor has users',
      made,
      0,
    )
    .option(
      '--incidents <n>',
      'how many incidents to make beside the usual ones, where the vendor has incidents',
      made,
      0,
    )
    .option('--no-rate-limit', 'answer without the vendor’s rate limit')
    .option('--storm <seed>', 'strike requests at random, the same way for the same number', stormSeed)
    .action(async (vendor: string, options: SimulatorOptions) => {
      await simulate(session, vendor, options);
    });
}

async function simulate(session: Session, vendor: string, options: SimulatorOptions): Promise<void> {
  const interrupted = new Promise<void>((resolve) => {
    const unhook = session.host.onInterrupt(() => {
      unhook();
      resolve();
    });
  });
  const simulator = await session.host.startSimulator(vendor, options);
  session.finish({
    document: { vendor, url: simulator.url, token: simulator.token, about: simulator.about },
    text: [`${vendor} is simulated on ${simulator.url} until you interrupt it.`, ...simulator.about].join(
      '\n',
    ),
  });
  await interrupted;
  await simulator.close();
}

function port(text: string): number {
  return wholeNumber(text, MAX_PORT);
}

function latency(text: string): number {
  return wholeNumber(text, MAX_LATENCY_MS);
}

function stormSeed(text: string): number {
  return wholeNumber(text, MAX_SEED);
}

function made(text: string): number {
  return wholeNumber(text, MAX_MADE);
}

function wholeNumber(text: string, max: number): number {
  const n = Number(text);
  if (/^\d+$/.test(text) && n <= max) return n;
  throw new InvalidArgumentError(`It must be a whole number from 0 to ${max}.`);
}
