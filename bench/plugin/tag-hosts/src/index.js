import { defineAction, failed, succeeded } from '@drover/plugin-sdk';

export default defineAction({
  async execute({ objects }, { call }) {
    const { body } = await call('tagHosts', { json: { values: objects.map(({ value }) => value) } });
    const scores = new Map(body.results.map(({ value, score }) => [value, score]));
    return objects.map((object) => {
      const score = scores.get(object.value);
      if (score === undefined)
        return failed(object, { code: 'NO_SCORE', message: 'The vendor gave no score.' });
      return succeeded(object, { writeBack: { attributes: [{ name: 'Score', value: score }] } });
    });
  },
});
