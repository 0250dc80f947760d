// A vendor that does next to nothing: scores a list of values, or takes one notice, after a latency. It tells how many
// requests it had at a time since that was last asked. Prints its address.
import { createServer } from 'node:http';

const latencyMs = Number(process.argv[2] ?? 0);
let underWay = 0;
let most = 0;
let notices = 0;

const server = createServer((request, response) => {
  most = Math.max(most, (underWay += 1));
  const chunks = [];
  request.on('data', (chunk) => chunks.push(chunk));
  request.on('end', () => {
    const body = answerTo(request.url, JSON.parse(Buffer.concat(chunks).toString()));
    const answer = () => {
      underWay -= 1;
      response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    };
    if (latencyMs > 0) setTimeout(answer, latencyMs);
    else answer();
  });
});

function answerTo(path, { values, value }) {
  if (path === '/v1/notices') return { id: (notices += 1), value };
  if (path === '/v1/most-under-way') {
    const told = { most };
    most = 0;
    return told;
  }
  return { results: values.map((one) => ({ value: one, score: one.length })) };
}

server.listen(0, '127.0.0.1', () => process.stdout.write(`http://127.0.0.1:${server.address().port}\n`));
process.on('SIGTERM', () => process.exit(0));
