import { Fault } from '@drover/model';
import { fastify } from 'fastify';
import type { Parts } from '../composition/parts.js';
import type { Releases } from '../composition/releases.js';
import { lookAtStanding } from './look-at-standing.js';

const UNREADY = 503;

/**
 * Answers `/healthz` (this process runs), `/readyz` (it can work, and no work is left lying) and `/metrics`. Fault:
 * `PORT_UNUSABLE`.
 *
 * @returns its URL
 */
export async function startHealthServer(
  parts: Parts,
  releases: Releases,
  { host, port }: { host: string; port: number },
): Promise<string> {
  const health = await parts.health();
  const meters = await parts.meters();
  const server = fastify({ forceCloseConnections: true });
  server.get('/healthz', () => ({ ok: true }));
  server.get('/readyz', async (_, reply) => {
    const readiness = await health.readiness();
    return reply.code(readiness.ready ? 200 : UNREADY).send(readiness);
  });
  server.get('/metrics', async (_, reply) => {
    const now = new Date();
    const text = await meters.text(await lookAtStanding(parts, now), now);
    return reply.type(meters.contentType).send(text);
  });
  try {
    const url = await server.listen({ host, port });
    releases.add('health endpoints', () => server.close());
    return url;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new Fault('PORT_UNUSABLE', `${host}:${port} cannot be listened at (${code}).`, { cause: error });
  }
}
