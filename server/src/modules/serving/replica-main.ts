// The program of one replica: loads one version, and answers what its gateway asks over a unix socket.
// It is given no secret of the platform, and ends when the gateway is gone.
import { connect } from 'node:net';
import { encodeFrame, FrameReader, type Message } from './frame.ts';
import { type LoadedModel, loadReplicaModel } from './replica-model.ts';
import type { Tensor } from './tensor.ts';

// The folder of the socket is the gateway's alone, so the token only tells its replicas apart.
const [socketPath = '', token = '', modelPath = ''] = process.argv.slice(2);
const socket = connect(socketPath);
const reader = new FrameReader();
let model: LoadedModel | undefined;
let last: Promise<void> = Promise.resolve();

function send(message: Message, tensors: readonly Tensor[] = []): void {
  socket.cork();
  for (const part of encodeFrame(message, tensors)) socket.write(part);
  socket.uncork();
}

const textOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

async function predict(id: number, rows: number, tensors: readonly Tensor[]): Promise<void> {
  const started = performance.now();
  try {
    const values = await model!.run(rows, tensors);
    const answer = { name: 'prediction', datatype: 'FP32', shape: [values.length], data: values } as const;
    send({ t: 'result', id, rows: values.length, ms: performance.now() - started }, [answer]);
  } catch (error) {
    const stack = error instanceof Error ? error.stack : undefined;
    send({ t: 'error', id, message: textOf(error), ...(stack === undefined ? {} : { stack }) });
  }
}

function hear(message: Message, tensors: Tensor[]): void {
  if (message.t === 'predict') last = last.then(() => predict(message.id, message.rows, tensors));
  else if (message.t === 'drain') void last.then(() => socket.end());
}

async function load(): Promise<void> {
  const started = performance.now();
  try {
    model = await loadReplicaModel(modelPath);
    send({ t: 'ready', signature: model.signature, loadMs: performance.now() - started });
  } catch (error) {
    send({ t: 'failed', message: textOf(error) });
    socket.end();
  }
}

// A terminal's interrupt reaches the whole process group; the gateway decides when its replicas end.
process.on('SIGINT', () => undefined);
socket.on('data', (chunk) => reader.push(chunk, hear));
socket.on('error', () => process.exit(1));
socket.on('close', () => process.exit(0));
socket.on('connect', () => {
  send({ t: 'hello', v: 1, token, pid: process.pid });
  void load();
});
