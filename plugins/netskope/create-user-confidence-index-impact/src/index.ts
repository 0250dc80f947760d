import { createImpact } from '@drover-plugins/netskope-client';
import { defineAction, rejected, succeeded } from '@drover/plugin-sdk';
import { impactScoreOf, type ScoreConfig } from './impact-score.js';
import { testConnection } from './test-connection.js';

interface Config extends ScoreConfig {
  source: string;
  reason: string;
}

/** Takes points off a user's confidence, once for each object. */
export default defineAction<Config>({
  testConnection,

  async executeOne(object, context) {
    const { source, reason } = context.config;
    const impact = impactScoreOf(object, context.config);
    if (!impact.ok) {
      const message = `The attribute "User Confidence Index Score" of ${object.value} makes no impact: ${impact.reason}. Nothing was sent.`;
      return rejected(object, { code: 'SCORE_UNUSABLE', message });
    }
    const { score } = impact;
    const timestamp = Date.parse(context.run.startedAt);
    const reply = await createImpact(context, { user: object.value, score, timestamp, source, reason });
    if (!reply.isCreated) {
      const message = `Netskope refused the impact on ${object.value}: ${reply.words || 'no reason given'}.`;
      return rejected(object, { code: 'IMPACT_REFUSED', message });
    }
    const { anomalyId, anomalyCreatedTime } = reply;
    return succeeded(object, {
      data: { anomalyId, score, ...(anomalyCreatedTime === undefined ? {} : { anomalyCreatedTime }) },
    });
  },
});
