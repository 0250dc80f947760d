import type { FastifyInstance } from 'fastify';
import type { UserChange } from './users.js';
import { VendorRefusal } from './vendor-refusal.js';

const text = { type: 'string', minLength: 1, maxLength: 320 } as const;

const CHANGE_SCHEMA = {
  type: 'object',
  additionalProperties: false,
  required: ['address'],
  properties: {
    address: text,
    riskScore: { anyOf: [{ type: 'number', minimum: 0, maximum: 1 }, { type: 'null' }] },
    archived: { type: 'boolean' },
    emailAddresses: { type: 'array', maxItems: 20, items: text },
    primaryDisplayName: text,
  },
} as const;

/**
 * The control path of this vendor, beside that of all:
 *
 * - `POST /__sim/users`: changes the user that has an address
 * - `DELETE /__sim/tokens`: every token that was issued is refused from now on
 */
export function addUserControl(
  app: FastifyInstance,
  control: { changeUser(address: string, change: UserChange): boolean; revokeTokens(): void },
): void {
  app.post('/__sim/users', { schema: { body: CHANGE_SCHEMA } }, async (request, reply) => {
    const { address, ...change } = request.body as UserChange & { address: string };
    if (!control.changeUser(address, change))
      throw new VendorRefusal(404, `no user has the address ${address}`);
    return reply.code(204).send();
  });
  app.delete('/__sim/tokens', async (_request, reply) => {
    control.revokeTokens();
    return reply.code(204).send();
  });
}
