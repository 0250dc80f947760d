import { mayReadUsers, readTokenOwner } from '@drover-plugins/okta-client';
import { type CheckStep, isFault, type PluginContext } from '@drover/plugin-sdk';

const REACH = 'reach the org';
const TOKEN = 'show the API token';
const READ = 'read users';

/** Goes on until a step fails. Whether the token may change users shows only when it does so. */
export async function testConnection(context: PluginContext): Promise<CheckStep[]> {
  const reached = { step: REACH, ok: true };
  try {
    const { login } = await readTokenOwner(context);
    const token = { step: TOKEN, ok: true, detail: `It belongs to ${login}.` };
    return [reached, token, await readStep(context)];
  } catch (thrown) {
    if (!isFault(thrown)) throw thrown;
    const failed = { ok: false, detail: thrown.message };
    return thrown.code === 'CREDENTIALS_REFUSED'
      ? [reached, { step: TOKEN, ...failed }]
      : [{ step: REACH, ...failed }];
  }
}

async function readStep(context: PluginContext): Promise<CheckStep> {
  if (await mayReadUsers(context)) {
    return { step: READ, ok: true, detail: 'Whether it may change them shows only when it does.' };
  }
  return { step: READ, ok: false, detail: 'The owner of the token lacks the right to GET /api/v1/users.' };
}
