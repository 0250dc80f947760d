import { probeUrlLists, readUrlLists } from '@drover-plugins/netskope-client';
import { type CheckStep, isFault } from '@drover/plugin-sdk';
import type { Context } from './settings.js';
import { pickList } from './target-list.js';

const REACH = 'reach the tenant';
const TOKEN = 'show the API v2 token';
const RIGHT = 'read the URL lists';

/** Goes on until a step fails. Whether the token may write and apply shows only when it does so. */
export async function testConnection(context: Context): Promise<CheckStep[]> {
  const steps = await probe(context);
  const { urlListName } = context.config;
  if (steps.some((step) => !step.ok) || !urlListName) return steps;
  return [...steps, await findList(context, urlListName)];
}

async function probe(context: Context): Promise<CheckStep[]> {
  try {
    const access = await probeUrlLists(context);
    if (access === 'no such API') {
      return [
        { step: REACH, ok: false, detail: 'It answers, but has no REST API v2 there: check the tenant URL.' },
      ];
    }
    const reached = [
      { step: REACH, ok: true },
      { step: TOKEN, ok: true },
    ];
    return access === 'granted'
      ? [...reached, { step: RIGHT, ok: true }]
      : [
          ...reached,
          { step: RIGHT, ok: false, detail: 'The token lacks the right to /api/v2/policy/urllist.' },
        ];
  } catch (thrown) {
    if (!isFault(thrown)) throw thrown;
    const failed = { ok: false, detail: thrown.message };
    if (thrown.code === 'CREDENTIALS_REFUSED')
      return [
        { step: REACH, ok: true },
        { step: TOKEN, ...failed },
      ];
    return [{ step: REACH, ...failed }];
  }
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
