import { defineAction, succeeded } from '@drover/plugin-sdk';

export default defineAction({
  async executeOne(object, { call }) {
    const { body } = await call('notifyHost', { json: { value: object.value } });
    return succeeded(object, { data: { notice: body.id } });
  },
});
