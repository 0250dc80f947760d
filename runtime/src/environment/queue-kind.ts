export const QUEUES = ['memory', 'redis', 'postgres'] as const;
/** What rings go through: this process alone, a Redis, the PostgreSQL database. */
export type QueueKind = (typeof QUEUES)[number];

interface Choice {
  queue: QueueKind | undefined;
  redisUrl: string | undefined;
}

/** What the settings come to; reading the environment made sure that its server is named. */
export function queueKind({ queue, redisUrl }: Choice): QueueKind {
  return queue ?? (redisUrl === undefined ? 'memory' : 'redis');
}
