// One call for each object with so many in flight, by hand: the calls alone. Nothing is stored, so that whoever does keeps
// pays for it.
import { createClient } from './vendor-clients.mjs';
import { startMeasuring } from './measure.mjs';

const { client, url, objects, inFlight } = JSON.parse(process.argv[2]);
const post = await createClient(client, { url, inFlight });

const measured = startMeasuring();
let next = 0;
let answered = 0;
async function work() {
  while (next < objects) {
    const value = `host${next++}.example.com`;
    const { id } = await post('/v1/notices', { value });
    if (id > 0) answered += 1;
  }
}
await Promise.all(Array.from({ length: inFlight }, work));
measured.finish({ calls: answered });
process.exit(0);
