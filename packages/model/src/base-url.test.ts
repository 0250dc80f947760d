import { describe, expect, it } from '@jest/globals';
import { normalizeBaseUrl } from './base-url.js';

describe('normalizeBaseUrl', () => {
  it.each([
    ['https://tenant.example.com', 'https://tenant.example.com'],
    ['tenant.example.com', 'https://tenant.example.com'],
    [' https://Tenant.Example.com/ ', 'https://tenant.example.com'],
    ['tenant.example.com:8443/gateway/v2//', 'https://tenant.example.com:8443/gateway/v2'],
    ['localhost:9000', 'https://localhost:9000'],
    ['http://localhost:9000/', 'http://localhost:9000'],
    ['http://127.0.0.1:9000', 'http://127.0.0.1:9000'],
    ['http://[::1]:9000', 'http://[::1]:9000'],
    ['https://bücher.example', 'https://xn--bcher-kva.example'],
  ])('%s is kept as %s', (given, kept) => {
    expect(normalizeBaseUrl(given)).toBe(kept);
  });

  it.each([
    ['', 'BASE_URL_INVALID'],
    ['https://', 'BASE_URL_INVALID'],
    ['not a host', 'BASE_URL_INVALID'],
    ['ftp://tenant.example.com', 'BASE_URL_INVALID'],
    ['file:///etc/passwd', 'BASE_URL_INVALID'],
    ['https://user:password@tenant.example.com', 'BASE_URL_INVALID'],
    ['https://tenant.example.com/?token=abcdef', 'BASE_URL_INVALID'],
    ['https://tenant.example.com/?', 'BASE_URL_INVALID'],
    ['https://tenant.example.com/#top', 'BASE_URL_INVALID'],
    ['http://tenant.example.com', 'BASE_URL_INSECURE'],
    ['http://127.0.0.1.example.com', 'BASE_URL_INSECURE'],
    ['http://localhost.example.com', 'BASE_URL_INSECURE'],
    ['http://10.0.0.1', 'BASE_URL_INSECURE'],
  ])('%s is refused with %s', (given, code) => {
    expect(() => normalizeBaseUrl(given)).toThrow(
      expect.objectContaining({ code, path: '/settings/baseUrl' }),
    );
  });

  it('does not repeat a password', () => {
    expect(() => normalizeBaseUrl('https://user:hunter22@tenant.example.com')).toThrow(
      expect.objectContaining({ message: expect.not.stringContaining('hunter22') }),
    );
  });
});
