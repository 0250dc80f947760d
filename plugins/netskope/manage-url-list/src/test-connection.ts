import { checkAccess, probeUrlLists, readUrlLists } from '@drover-plugins/netskope-client';
import { type CheckStep, isFault } from '@drover/plugin-sdk';
import type { Context } from './settings.js';
import { pickList } from './target-list.js';

/** Goes on until a step fails. Whether the token may write and apply shows only when it does so. */
export async function testConnection(context: Context): Promise<CheckStep[]> {
  const steps = await checkAccess({
    right: 'read the URL lists',
    endpoint: '/api/v2/policy/urllist',
    probe: () => probeUrlLists(context),
  });
  const { urlListName } = context.config;
  if (steps.some((step) => !step.ok) || !urlListName) return steps;
  return [...steps, await findList(context, urlListName)];
}

async function findList(context: Context, name: string): Promise<CheckStep> {
  const step = `find the URL list "${name}"`;
  try {
    const list = pickList(await readUrlLists(context), name);
    return {
      step,
      ok: true,
      detail: list.isPending ? 'It has pending changes, which is fine.' : 'It is there.',
    };
  } catch (thrown) {
    if (!isFault(thrown)) throw thrown;
    return { step, ok: false, detail: thrown.message };
  }
}
