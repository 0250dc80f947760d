import {
  checkAccess,
  CONFIDENCES_ENDPOINT,
  type Confidences,
  probeConfidences,
  readConfidences,
} from '@drover-plugins/netskope-client';
import {
  defineAction,
  type Outcome,
  type PluginContext,
  type PluginObject,
  succeeded,
  unchanged,
} from '@drover/plugin-sdk';

interface Config {
  daysToSearch: number;
}

const SCORE_ATTRIBUTE = 'User Confidence Index Score';
const DAY_MS = 86_400_000;

/** Fetches the User Confidence Index scores of users, and keeps the highest of the window. */
export default defineAction<Config>({
  testConnection: (context) =>
    checkAccess({
      right: 'read confidence scores',
      endpoint: CONFIDENCES_ENDPOINT,
      probe: () => probeConfidences(context, Date.parse(context.run.startedAt)),
    }),

  async execute({ objects }, context) {
    const users = eachOnce(objects.map(({ value }) => value));
    const confidences = await readConfidences(context, { users, fromTime: windowStart(context) });
    return objects.map((object) => outcomeFor(object, confidences, context.config));
  },
});

/** Milliseconds since 1970; the same for all batches of a run. */
function windowStart({ run, config }: PluginContext<Config>): number {
  return Date.parse(run.startedAt) - config.daysToSearch * DAY_MS;
}

/** Names that differ in case only are one user to Netskope. */
function eachOnce(names: readonly string[]): string[] {
  return [...new Map(names.map((name) => [name.toLowerCase(), name])).values()];
}

function outcomeFor(object: PluginObject, confidences: Confidences, { daysToSearch }: Config): Outcome {
  const samples = confidences.of([object.value, ...object.aliases]);
  if (samples === undefined) {
    const message = `Netskope was asked for ${object.value}, and no answer names it or an alias of it.`;
    return unchanged(object, { code: 'USER_UNKNOWN', message });
  }
  const [first, ...others] = samples;
  if (first === undefined) {
    const message = `Netskope has no score of ${object.value} in the last ${daysToSearch} days.`;
    return unchanged(object, { code: 'NO_SCORE', message });
  }
  const latest = others.reduce((newest, sample) => (sample.start >= newest.start ? sample : newest), first);
  const highest = others.reduce((most, { score }) => Math.max(most, score), first.score);
  return succeeded(object, {
    writeBack: { attributes: [{ name: SCORE_ATTRIBUTE, value: highest }] },
    data: { windowDays: daysToSearch, samples: samples.length, latest: latest.score },
  });
}
