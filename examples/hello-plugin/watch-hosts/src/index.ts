import {
  configInvalid,
  defineAction,
  failed,
  type Outcome,
  type PluginObject,
  rejected,
  succeeded,
} from '@drover/plugin-sdk';

interface Config {
  watchlistName: string;
  note: string;
}

/** What is found once a run, and handed to each batch. */
interface Prepared {
  watchlistId: string;
}

interface Watchlist {
  id: string;
  name: string;
}

/** Lantern's answer: each host is in one of the two. */
interface Watched {
  cases: { host: string; number: string }[];
  refused: { host: string; reason: string }[];
}

export default defineAction<Config, Record<string, unknown>, Prepared>({
  async testConnection(context) {
    const { body } = await context.call<Watchlist[]>('findWatchlists');
    return [{ step: 'read the watchlists', ok: true, detail: `There are ${body.length}.` }];
  },

  async prepare(context) {
    const { watchlistName } = context.config;
    const { body } = await context.call<Watchlist[]>('findWatchlists', { query: { name: watchlistName } });
    const watchlist = body.find(({ name }) => name === watchlistName);
    if (watchlist === undefined) {
      throw configInvalid(`Lantern has no watchlist "${watchlistName}"; create it, or correct the name.`, {
        path: '/watchlistName',
      });
    }
    context.log.info('watchlist found', { id: watchlist.id });
    return { watchlistId: watchlist.id };
  },

  async execute(batch, context) {
    const { body } = await context.call<Watched>('watchHosts', {
      params: { watchlistId: context.prepared.watchlistId },
      json: { note: context.config.note, hosts: batch.objects.map((object) => object.value) },
    });
    const cases = new Map(body.cases.map(({ host, number }) => [host, number]));
    const refusals = new Map(body.refused.map(({ host, reason }) => [host, reason]));
    return batch.objects.map((object) =>
      outcomeOf(object, cases.get(object.value), refusals.get(object.value)),
    );
  },
});

function outcomeOf(object: PluginObject, number?: string, refusal?: string): Outcome {
  if (number !== undefined) {
    return succeeded(object, { writeBack: { attributes: [{ name: 'Lantern Case', value: number }] } });
  }
  if (refusal !== undefined) return rejected(object, { code: 'HOST_REFUSED', message: refusal });
  return failed(object, {
    code: 'HOST_NOT_ANSWERED',
    message: `Lantern did not say what became of ${object.value}; look for it on the watchlist.`,
  });
}
