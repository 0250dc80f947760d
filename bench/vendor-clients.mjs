// The two HTTP clients that hand-written loops use, each as a function that posts JSON and reads JSON.

export async function createClient(name, { url, inFlight }) {
  return name === 'got' ? gotClient(url, inFlight) : undiciClient(url, inFlight);
}

async function gotClient(url, inFlight) {
  const { default: got } = await import('got');
  const { Agent } = await import('node:http');
  const agent = { http: new Agent({ keepAlive: true, maxSockets: inFlight }) };
  const client = got.extend({ agent, retry: { limit: 0 } });
  return (path, json) => client.post(url + path, { json }).json();
}

async function undiciClient(url, inFlight) {
  const { Pool } = await import('undici');
  const pool = new Pool(url, { connections: inFlight });
  const headers = { 'content-type': 'application/json' };
  return async (path, json) => {
    const { body } = await pool.request({ path, method: 'POST', headers, body: JSON.stringify(json) });
    return body.json();
  };
}
