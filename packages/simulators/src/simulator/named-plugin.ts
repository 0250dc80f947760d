import type { FastifyPluginAsync } from 'fastify';

const DISPLAY_NAME = Symbol.for('fastify.display-name');

/** Names a scope of routes. For one without a name Fastify looks through all modules that are loaded. */
export function namedPlugin(name: string, plugin: FastifyPluginAsync): FastifyPluginAsync {
  return Object.assign(plugin, { [DISPLAY_NAME]: name });
}
