// Load from a process of its own: so many connections, each with one request under way, for so many seconds.
import { readFileSync } from 'node:fs';
import { connect } from 'node:net';

const [address = '', path = '', bodiesPath = '', connections = '1', seconds = '1'] = process.argv.slice(2);
const { hostname, port } = new URL(address);
const bodies = JSON.parse(readFileSync(bodiesPath, 'utf8')) as string[];
const requests = bodies.map((body) =>
  Buffer.from(
    `POST ${path} HTTP/1.1\r\nhost: ${hostname}:${port}\r\ncontent-type: application/json\r\n` +
      `content-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
  ),
);
const latencies: number[] = [];
let next = 0;
let errors = 0;
let end = 0;

/** The length of the first whole answer in a text, or 0; all answers have a content-length. */
function answerLength(text: string): number {
  const head = text.indexOf('\r\n\r\n');
  if (head < 0) return 0;
  const length = /content-length: (\d+)/i.exec(text.slice(0, head))?.[1];
  const total = head + 4 + Number(length);
  return text.length >= total ? total : 0;
}

function open(): Promise<void> {
  return new Promise((resolve) => {
    const socket = connect({ host: hostname, port: Number(port), noDelay: true });
    let text = '';
    let sentAt = 0;
    const send = (): void => {
      sentAt = performance.now();
      socket.write(requests[next++ % requests.length]!);
    };
    socket.setEncoding('latin1');
    socket.on('connect', send);
    socket.on('data', (chunk) => {
      text += chunk;
      const length = answerLength(text);
      if (length === 0) return;
      if (!text.startsWith('HTTP/1.1 200')) errors++;
      const now = performance.now();
      latencies.push(now - sentAt);
      text = text.slice(length);
      if (now < end) send();
      else socket.end();
    });
    socket.on('error', () => errors++);
    socket.on('close', () => resolve());
  });
}

const started = performance.now();
end = started + Number(seconds) * 1000;
await Promise.all(Array.from({ length: Number(connections) }, open));
const took = (performance.now() - started) / 1000;
latencies.sort((a, b) => a - b);
const quantile = (q: number): number =>
  latencies[Math.min(latencies.length - 1, Math.floor(q * latencies.length))] ?? 0;
process.stdout.write(
  JSON.stringify({ requestsPerSecond: latencies.length / took, p50Ms: quantile(0.5), p99Ms: quantile(0.99), errors }),
);
