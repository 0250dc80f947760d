import { describe, expect, test } from '@jest/globals';
import {
  findObjectType,
  findSubtype,
  OBJECT_TYPE_NAMES,
  subtypesOf,
  suggestObjectType,
  suggestSubtype,
} from './object-types.js';

describe('the registry of object types', () => {
  test.each([
    ['indicator', 'indicator'],
    ['Indicators', 'indicator'],
    ['Attack Pattern', 'attack-pattern'],
    ['course_of_action', 'course-of-action'],
    ['Threat Actor', 'adversary'],
    ['TTP', 'ttp'],
    ['ïndicator', undefined],
    ['nothing', undefined],
    ['', undefined],
    ['   ', undefined],
  ])('type %j is %j', (text, name) => {
    expect(findObjectType(text)).toBe(name);
  });

  test.each([
    ['md5', 'MD5'],
    ['sha1', 'SHA-1'],
    ['SHA_256', 'SHA-256'],
    ['sha 512', 'SHA-512'],
    ['domain', 'FQDN'],
    ['domain-name', 'FQDN'],
    ['url', 'URL'],
    ['email', 'Email Address'],
    ['email-addr', 'Email Address'],
    ['ip', 'IP Address'],
    ['ipv4-addr', 'IP Address'],
    ['ipv6', 'IPv6 Address'],
    ['cidr block', 'CIDR'],
    ['SHA-3', undefined],
  ])('subtype %j of an indicator is %j', (text, name) => {
    expect(findSubtype('indicator', text)).toBe(name);
  });

  test('only indicators have subtypes', () => {
    const withSubtypes = OBJECT_TYPE_NAMES.filter((type) => subtypesOf(type).length > 0);
    expect(withSubtypes).toEqual(['indicator']);
    expect(findSubtype('identity', 'Email Address')).toBeUndefined();
  });

  test('every name finds itself', () => {
    expect(OBJECT_TYPE_NAMES.map(findObjectType)).toEqual(OBJECT_TYPE_NAMES);
    const subtypes = subtypesOf('indicator');
    expect(subtypes.map((name) => findSubtype('indicator', name))).toEqual(subtypes);
  });

  test.each([
    ['indcator', 'indicator'],
    ['idnetity', 'identity'],
    ['banana', undefined],
    ['x'.repeat(10_000), undefined],
  ])('whoever writes %j may mean the type %j', (text, name) => {
    expect(suggestObjectType(text)).toBe(name);
  });

  test.each([
    ['SHA-265', 'SHA-256'],
    ['emial', 'Email Address'],
    ['xyz', undefined],
  ])('whoever writes %j may mean the subtype %j', (text, name) => {
    expect(suggestSubtype('indicator', text)).toBe(name);
  });
});
