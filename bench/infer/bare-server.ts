// The least that answers: node:http, JSON in and out, one frame per request to the model's process. It checks nothing,
// looks nothing up, splits no traffic and logs nothing.
import { spawn } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { createServer } from 'node:http';
import { type AddressInfo, createServer as createSocketServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const [modelPath = '', columns = ''] = process.argv.slice(2);
const features = columns.split(',');
const socketPath = join(mkdtempSync(join(tmpdir(), 'bare-')), 's');
const waiting = new Map<number, (scores: Float32Array) => void>();
let lastId = 0;
let rest: Buffer = Buffer.alloc(0);

function hear(chunk: Buffer): void {
  rest = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
  while (rest.length >= 4 && rest.length >= 4 + rest.readUInt32LE(0)) {
    const length = 4 + rest.readUInt32LE(0);
    const id = rest.readUInt32LE(4);
    const scores = new Float32Array((length - 12) / 4);
    new Uint8Array(scores.buffer).set(rest.subarray(12, length));
    waiting.get(id)?.(scores);
    waiting.delete(id);
    rest = rest.subarray(length);
  }
}

const replica = Promise.withResolvers<Socket>();
createSocketServer((socket) => {
  socket.on('data', hear);
  replica.resolve(socket);
}).listen(socketPath);
const child = spawn(process.execPath, [join(import.meta.dirname, 'bare-replica.ts'), socketPath, modelPath], {
  stdio: 'inherit',
});
const socket = await replica.promise;

interface Asked {
  readonly id?: string;
  readonly inputs: readonly { readonly name: string; readonly data: readonly number[] }[];
}

function predict(asked: Asked, answer: (scores: Float32Array) => void): void {
  const data = features.map((name) => asked.inputs.find((input) => input.name === name)!.data);
  const rows = data[0]!.length;
  const matrix = new Float32Array(rows * features.length);
  for (const [f, values] of data.entries()) {
    for (let row = 0; row < rows; row++) matrix[row * features.length + f] = values[row]!;
  }
  const id = ++lastId;
  waiting.set(id, answer);
  const head = Buffer.allocUnsafe(12);
  head.writeUInt32LE(8 + matrix.byteLength, 0);
  head.writeUInt32LE(id, 4);
  head.writeUInt32LE(rows, 8);
  socket.cork();
  socket.write(head);
  socket.write(new Uint8Array(matrix.buffer));
  socket.uncork();
}

const server = createServer((request, response) => {
  const chunks: Buffer[] = [];
  request.on('data', (chunk) => chunks.push(chunk));
  request.on('end', () => {
    const asked = JSON.parse(Buffer.concat(chunks).toString()) as Asked;
    predict(asked, (scores) => {
      const output = { name: 'probability', datatype: 'FP32', shape: [scores.length], data: [...scores] };
      const text = JSON.stringify({ model_name: 'bare', id: asked.id ?? '', outputs: [output] });
      response.writeHead(200, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) });
      response.end(text);
    });
  });
});
server.listen(0, '127.0.0.1', () =>
  process.send?.({ url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` }),
);
process.once('disconnect', () => {
  child.kill();
  process.exit(0);
});
