import type { FastifyInstance } from 'fastify';
import type { FaultBook } from './fault-book.js';
import { FAULT_ORDER_SCHEMA, type FaultOrder } from './fault-order.js';
import { namedPlugin } from './named-plugin.js';
import type { Simulator } from './simulator.js';
import type { StormOptions } from './storm.js';

const CONTROL_PREFIX = '/__sim';

const ORDERS_SCHEMA = {
  oneOf: [FAULT_ORDER_SCHEMA, { type: 'array', minItems: 1, items: FAULT_ORDER_SCHEMA }],
} as const;

const STORM_SCHEMA = {
  type: 'object',
  additionalProperties: false,
  required: ['seed'],
  properties: {
    seed: { type: 'integer', minimum: 0, maximum: 2 ** 32 - 1 },
    share: { type: 'number', minimum: 0, maximum: 1 },
  },
} as const;

export function isControlPath(path: string): boolean {
  return path === CONTROL_PREFIX || path.startsWith(`${CONTROL_PREFIX}/`);
}

/**
 * The control path, which needs no token and meets no fault:
 *
 * - `GET /__sim/state`: what the vendor holds
 * - `GET /__sim/requests`: how many requests came, by route and status
 * - `GET`, `POST`, `DELETE /__sim/faults`: what is on order; order one fault or several; withdraw all
 * - `PUT`, `DELETE /__sim/storm`: strike requests at random, by a seed; calm down
 * - `POST /__sim/reset`: back to the start
 */
export function addControlPath(app: FastifyInstance, simulator: Simulator<unknown>, book: FaultBook): void {
  app.register(
    namedPlugin('control', async (control) => {
      control.get('/state', async () => simulator.state());
      control.get('/requests', async () => simulator.requests());
      control.get('/faults', async () => book.waiting());
      control.post('/faults', { schema: { body: ORDERS_SCHEMA } }, async (request, reply) => {
        const orders = request.body as FaultOrder | FaultOrder[];
        for (const order of Array.isArray(orders) ? orders : [orders]) simulator.order(order);
        return reply.code(201).send(book.waiting());
      });
      control.delete('/faults', async (_request, reply) => {
        book.clear();
        return reply.code(204).send();
      });
      control.put('/storm', { schema: { body: STORM_SCHEMA } }, async (request, reply) => {
        simulator.storm(request.body as StormOptions);
        return reply.code(204).send();
      });
      control.delete('/storm', async (_request, reply) => {
        simulator.storm(undefined);
        return reply.code(204).send();
      });
      control.post('/reset', async (_request, reply) => {
        simulator.reset();
        return reply.code(204).send();
      });
    }),
    { prefix: CONTROL_PREFIX },
  );
}
