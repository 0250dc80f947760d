import { expect, test } from '@jest/globals';
import { pluginObject } from '@drover/testing';
import { impactScoreOf } from './impact-score.js';

const NAME = 'User Confidence Index Score';
type Value = string | number | boolean;

function scoreOf(values: Value[], { useAttribute = true, name = NAME } = {}) {
  const attributes = values.map((value, index) => ({ name, value, source: `source ${index}` }));
  const object = pluginObject({ id: 'obj_1', value: 'ada@example.com', attributes });
  return impactScoreOf(object, { score: 100, useAttribute });
}

test.each<[Value[], number]>([
  [[], 100],
  [[650], 650],
  [[103, 650, 400], 650],
  [['650', ' 700 '], 700],
  [['n/a', 300, ''], 300],
  [[649.5], 650],
  [[0.5], 1],
  [[1_000.4], 1_000],
  [[1], 1],
])('the attribute %j makes an impact of %d', (values, score) => {
  expect(scoreOf(values)).toEqual({ ok: true, score });
});

test.each<[Value[], string]>([
  [[0], 'value 0 is not from 1 to 1000'],
  [[0.4], 'value 0 '],
  [[-5], 'value -5 '],
  [[300, 1_500], 'value 1500 '],
  [[1_000.5], 'value 1001 '],
  [['high'], '"high" is no number'],
  [[''], '"" is no number'],
  [[true], '"true" is no number'],
  [['0x10'], '"0x10" is no number'],
  [['1e2', '+5', '649.5', '1 000', '٣'], '"1e2" is no number in digits'],
])('the attribute %j makes none: %s', (values, reason) => {
  expect(scoreOf(values)).toEqual({ ok: false, reason: expect.stringContaining(reason) });
});

test('the configured score, where the attribute is not to be used or another one is there', () => {
  expect(scoreOf([650], { useAttribute: false })).toEqual({ ok: true, score: 100 });
  expect(scoreOf(['high'], { useAttribute: false })).toEqual({ ok: true, score: 100 });
  expect(scoreOf([650], { name: 'User Confidence' })).toEqual({ ok: true, score: 100 });
});
