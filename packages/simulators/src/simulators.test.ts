import { expect, test } from '@jest/globals';
import { simulators } from './simulators.js';

test('a started simulator says how to reach it, and is reached so', async () => {
  const started = await simulators.netskope.start();
  try {
    expect(started.url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
    expect(started.about.join('\n')).toContain(started.token);
    const reply = await fetch(`${started.url}/api/v2/policy/urllist?field=name`, {
      headers: { 'netskope-api-token': started.token },
    });
    expect(await reply.json()).toEqual([{ name: 'Drover Blocklist' }, { name: 'Partner Sites' }]);
  } finally {
    await started.close();
  }
});

test('an org of any size', async () => {
  const started = await simulators.okta.start({ users: 1_000 });
  try {
    expect(started.about.join('\n')).toContain('user1@example.com to user1000@example.com');
    const reply = await fetch(`${started.url}/api/v1/users/user1000@example.com`, {
      headers: { authorization: `SSWS ${started.token}` },
    });
    expect(await reply.json()).toMatchObject({ status: 'ACTIVE' });
    expect(reply.headers.get('x-rate-limit-limit')).toBe('600');
  } finally {
    await started.close();
  }
});

test('a tenant with any number of incidents', async () => {
  const started = await simulators['palo-alto-saas-security'].start({ incidents: 1_000 });
  try {
    expect(started.about.join('\n')).toContain('Incidents: 1 to 1025');
    const minted = await fetch(`${started.url}/oauth/token`, {
      method: 'POST',
      headers: { authorization: `Basic ${btoa(`simulated-client:${started.token}`)}` },
      body: new URLSearchParams({ grant_type: 'client_credentials', scope: 'incident_api' }),
    });
    const { access_token: token } = (await minted.json()) as { access_token: string };
    const reply = await fetch(`${started.url}/incident/api/incidents/1025`, {
      headers: { authorization: `Bearer ${token}` },
    });
    expect(await reply.json()).toMatchObject({ incident_id: 1_025, state: 'closed' });
  } finally {
    await started.close();
  }
});

test('the vendor’s own rate limit holds unless it is switched off', async () => {
  const statuses = async (rateLimit: boolean) => {
    const started = await simulators.netskope.start({ rateLimit, token: 'another-token' });
    try {
      const replies = [];
      for (let nth = 0; nth < 12; nth += 1) {
        const headers = { 'netskope-api-token': 'another-token' };
        replies.push((await fetch(`${started.url}/api/v2/policy/urllist`, { headers })).status);
      }
      return new Set(replies);
    } finally {
      await started.close();
    }
  };
  expect(await statuses(true)).toEqual(new Set([200, 429]));
  expect(await statuses(false)).toEqual(new Set([200]));
});
