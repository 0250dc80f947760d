// A vendor that does next to nothing: takes a list of values and answers for each, after a latency. Prints its address.
import { createServer } from 'node:http';

const latencyMs = Number(process.argv[2] ?? 0);

const server = createServer((request, response) => {
  const chunks = [];
  request.on('data', (chunk) => chunks.push(chunk));
  request.on('end', () => {
    const { values } = JSON.parse(Buffer.concat(chunks).toString());
    const body = JSON.stringify({ results: values.map((value) => ({ value, score: value.length })) });
    const answer = () => response.writeHead(200, { 'content-type': 'application/json' }).end(body);
    if (latencyMs > 0) setTimeout(answer, latencyMs);
    else answer();
  });
});
server.listen(0, '127.0.0.1', () => process.stdout.write(`http://127.0.0.1:${server.address().port}\n`));
process.on('SIGTERM', () => process.exit(0));
