import { checkAccess, CONFIDENCES_ENDPOINT, probeConfidences } from '@drover-plugins/netskope-client';
import type { CheckStep, PluginContext } from '@drover/plugin-sdk';

const READ = 'read confidence scores';

/**
 * Nothing that only reads asks for the right to create impacts, so the token is shown to the endpoint for scores. It needs
 * no right to that one: being refused there proves that it is accepted as well.
 */
export async function testConnection(context: PluginContext): Promise<CheckStep[]> {
  const steps = await checkAccess({
    right: READ,
    endpoint: CONFIDENCES_ENDPOINT,
    probe: () => probeConfidences(context, Date.parse(context.run.startedAt)),
  });
  if (!steps.some(({ step }) => step === READ)) return steps;
  const [reached, token] = steps as [CheckStep, CheckStep];
  return [reached, { ...token, detail: 'Whether it may create impacts shows only when it does.' }];
}
