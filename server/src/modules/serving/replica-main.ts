// The program of one replica: loads one version, and answers what its gateway asks over a unix socket.
// It is given no secret of the platform, and ends when the gateway is gone.
import { connect } from 'node:net';
import { encodeFrame, encodeRows, FrameReader, type Message, type SentTensor } from './frame.ts';
import { type LoadedModel, loadReplicaModel } from './replica-model.ts';

// The folder of the socket is the gateway's alone, so the token only tells its replicas apart.
const [socketPath = '', token = '', modelPath = ''] = process.argv.slice(2);
const socket = connect(socketPath);
const reader = new FrameReader();
let model: LoadedModel | undefined;
let last: Promise<void> = Promise.resolve();

const textOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

async function predict(id: number, rows: number, tensors: readonly SentTensor[]): Promise<void> {
  try {
    const values = await model!.run(rows, tensors);
    socket.write(encodeRows('result', id, values.length, [{ datatype: 'FP32', data: values }]));
  } catch (error) {
    const stack = error instanceof Error ? error.stack : undefined;
    socket.write(encodeFrame({ t: 'error', id, message: textOf(error), ...(stack === undefined ? {} : { stack }) }));
  }
}

function hear(message: Message, tensors: SentTensor[]): void {
  if (message.t === 'predict') last = last.then(() => predict(message.id, message.rows, tensors));
  else if (message.t === 'drain') void last.then(() => socket.end());
}

async function load(): Promise<void> {
  const started = performance.now();
  try {
    model = await loadReplicaModel(modelPath);
    socket.write(encodeFrame({ t: 'ready', signature: model.signature, loadMs: performance.now() - started }));
  } catch (error) {
    socket.write(encodeFrame({ t: 'failed', message: textOf(error) }));
    socket.end();
  }
}

// A terminal's interrupt reaches the whole process group; the gateway decides when its replicas end.
process.on('SIGINT', () => undefined);
socket.on('data', (chunk) => reader.push(chunk, hear));
socket.on('error', () => process.exit(1));
socket.on('close', () => process.exit(0));
socket.on('connect', () => {
  socket.write(encodeFrame({ t: 'hello', v: 1, token, pid: process.pid }));
  void load();
});
