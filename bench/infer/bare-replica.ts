// The least that runs a model in a process of its own: a frame in, a frame out.
import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { InferenceSession, Tensor } from 'onnxruntime-node';

const [socketPath = '', modelPath = ''] = process.argv.slice(2);
const session = await InferenceSession.create(readFileSync(modelPath), { intraOpNumThreads: 1, interOpNumThreads: 1 });
const socket = connect(socketPath);
let rest: Buffer = Buffer.alloc(0);

/** `u32 length | u32 id | u32 rows | f32[rows × features]`; the answer has a value per row. */
async function run(frame: Buffer): Promise<void> {
  const rows = frame.readUInt32LE(8);
  const values = new Float32Array((frame.length - 12) / 4);
  new Uint8Array(values.buffer).set(frame.subarray(12));
  const result = await session.run({ input: new Tensor('float32', values, [rows, values.length / rows]) }, [
    'probability',
  ]);
  const scores = result['probability']!.data as Float32Array;
  const head = Buffer.allocUnsafe(12);
  head.writeUInt32LE(8 + scores.byteLength, 0);
  head.writeUInt32LE(frame.readUInt32LE(4), 4);
  head.writeUInt32LE(rows, 8);
  socket.cork();
  socket.write(head);
  socket.write(new Uint8Array(scores.buffer, scores.byteOffset, scores.byteLength));
  socket.uncork();
}

socket.on('data', (chunk) => {
  rest = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
  while (rest.length >= 4 && rest.length >= 4 + rest.readUInt32LE(0)) {
    const length = 4 + rest.readUInt32LE(0);
    void run(rest.subarray(0, length));
    rest = rest.subarray(length);
  }
});
socket.on('close', () => process.exit(0));
