import { expect, it } from '@jest/globals';
import { DISTURBANCE_KINDS, drawDisturbances } from './disturbances.js';

it('draws the same for the same seed, and something else for another', () => {
  const drawn = drawDisturbances(7, { seconds: 60 });
  expect(drawDisturbances(7, { seconds: 60 })).toEqual(drawn);
  expect(drawDisturbances(8, { seconds: 60 })).not.toEqual(drawn);
});

it('draws about one a second within its time, and in a while each kind', () => {
  const drawn = drawDisturbances(7, { seconds: 300 });
  expect(drawn.length).toBeGreaterThan(250);
  expect(drawn.length).toBeLessThan(350);
  expect(drawn.at(-1)!.atMs).toBeLessThan(300_000);
  expect(new Set(drawn.map(({ kind }) => kind))).toEqual(new Set(DISTURBANCE_KINDS));
});
