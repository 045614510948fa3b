import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { deflateRawSync, gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { readSharedVectors } from '#testing/shared-vectors';
import { bytesSource } from './byte-source.ts';
import { judgeGlobal } from './pickle-globals.ts';
import { scanContent, scanModelFiles } from './scan-model-files.ts';
import { scanPickle } from './scan-pickle.ts';

interface Case {
  readonly id: string;
  readonly hex?: string;
  readonly b64?: string;
  readonly expected_verdict: string;
}

interface Cases {
  readonly pickle: readonly Case[];
  readonly archives: readonly Case[];
  readonly safetensors: readonly Case[];
}

const cases = readSharedVectors('artifact_scan_cases.json') as Cases | null;
const bytesOf = ({ hex, b64 }: Case): Uint8Array => Buffer.from(hex ?? b64 ?? '', hex === undefined ? 'base64' : 'hex');
const evil = Buffer.from("cos\nsystem\n(S'echo pwned'\ntR.");
const harmless = Buffer.from('80045d942e', 'hex');

/** A stored or deflated zip archive; `headers` may lie about the names. */
function zip(
  files: Readonly<Record<string, Uint8Array>>,
  { deflate = false, headers = {} as Record<string, string> } = {},
) {
  const parts: Buffer[] = [];
  const directory: Buffer[] = [];
  let at = 0;
  for (const [name, bytes] of Object.entries(files)) {
    const packed = deflate ? deflateRawSync(bytes) : Buffer.from(bytes);
    const fields = (size: number) => {
      const header = Buffer.alloc(size);
      header.writeUInt16LE(deflate ? 8 : 0, size === 46 ? 10 : 8);
      header.writeUInt32LE(packed.length, size === 46 ? 20 : 18);
      header.writeUInt32LE(bytes.length, size === 46 ? 24 : 22);
      return header;
    };
    const own = Buffer.from(headers[name] ?? name);
    const local = fields(30);
    local.writeUInt32LE(0x04034b50, 0);
    local.writeUInt16LE(own.length, 26);
    const entry = fields(46);
    entry.writeUInt32LE(0x02014b50, 0);
    entry.writeUInt16LE(Buffer.byteLength(name), 28);
    entry.writeUInt32LE(at, 42);
    parts.push(local, own, packed);
    directory.push(entry, Buffer.from(name));
    at += 30 + own.length + packed.length;
  }
  const middle = Buffer.concat(directory);
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x06054b50, 0);
  end.writeUInt16LE(Object.keys(files).length, 8);
  end.writeUInt16LE(Object.keys(files).length, 10);
  end.writeUInt32LE(middle.length, 12);
  end.writeUInt32LE(at, 16);
  return Buffer.concat([...parts, middle, end]);
}

async function verdict(name: string, bytes: Uint8Array): Promise<string> {
  return (await scanContent(name, bytesSource(bytes))).verdict;
}

describe('the scan of model files', () => {
  const folder = mkdtempSync(join(tmpdir(), 'flyball-scan-'));
  after(() => rmSync(folder, { recursive: true, force: true }));

  it('judges every reference stream as expected', { skip: cases === null && 'shared vectors are absent' }, async () => {
    assert.ok(cases !== null);
    const wrong: string[] = [];
    const compare = (id: string, found: string, expected: string) => {
      if (found !== expected) wrong.push(`${id}: ${found} instead of ${expected}`);
    };
    for (const one of cases.pickle) {
      compare(one.id, (await scanPickle(bytesSource(bytesOf(one)))).verdict, one.expected_verdict);
    }
    for (const one of cases.archives) compare(one.id, await verdict('model.bin', bytesOf(one)), one.expected_verdict);
    for (const one of cases.safetensors) {
      compare(one.id, await verdict('model.safetensors', bytesOf(one)), one.expected_verdict);
    }
    assert.deepEqual(wrong, []);
    assert.equal(cases.pickle.length + cases.archives.length + cases.safetensors.length, 27);
  });

  it('finds a harmful pickle under any name and any number of wrappings', async () => {
    const torch = zip({ 'archive/data.pkl': evil, 'archive/data/0': new Uint8Array(64) });
    for (const [name, bytes] of [
      ['model.pkl', evil],
      ['weights.bin', evil],
      ['notes.txt', evil],
      ['model.pt', torch],
      ['model.pt', zip({ 'archive/data.pkl': evil }, { deflate: true })],
      ['outer.zip', zip({ 'inner.zip': torch })],
      ['model.pkl.gz', gzipSync(evil)],
      ['two.pkl', Buffer.concat([harmless, evil])],
      ['polyglot.pt', Buffer.concat([evil, zip({ a: harmless })])],
    ] as const) {
      assert.equal(await verdict(name, bytes), 'malicious', name);
    }
  });

  it('passes data: tensors, arrays, texts, plain pickles', async () => {
    const header = Buffer.from(JSON.stringify({ w: { dtype: 'F32', shape: [2], data_offsets: [0, 8] } }));
    const length = Buffer.alloc(8);
    length.writeBigUInt64LE(BigInt(header.length));
    const tensors = Buffer.concat([length, header, Buffer.alloc(8)]);
    for (const [name, bytes] of [
      ['w.safetensors', tensors],
      ['model.pkl', harmless],
      ['conda.yaml', Buffer.from('name: env\n')],
      ['MLmodel', Buffer.from('flavors: {}\n')],
      ['model.pt', zip({ 'm/data.pkl': harmless, 'm/data/0': new Uint8Array(9), 'm/version': Buffer.from('3\n') })],
      ['empty', new Uint8Array()],
    ] as const) {
      assert.equal(await verdict(name, bytes), 'safe', name);
    }
  });

  it('calls a lie a lie', async () => {
    for (const [name, bytes] of [
      ['model.onnx', Buffer.from('not an onnx file')],
      ['model.pkl', Buffer.from('\x80\x04 broken')],
      ['settings.json', Buffer.from([0xff, 0xfe, 0x00])],
      ['model.pt', zip({ 'data.pkl': harmless }, { headers: { 'data.pkl': 'other.pkl' } })],
      ['w.safetensors', Buffer.from('short')],
    ] as const) {
      assert.equal(await verdict(name, bytes), 'invalid', name);
    }
  });

  it('does not vouch for what it cannot judge', async () => {
    for (const [name, bytes] of [
      ['code.py', Buffer.from('import os\n')],
      ['model.bin', Buffer.from([1, 2, 3, 4])],
      ['model.7z', Buffer.from('377abcaf271c0004', 'hex')],
    ] as const) {
      assert.equal(await verdict(name, bytes), 'unknown', name);
    }
  });

  it('tells harmless names from unknown and harmful ones', () => {
    assert.equal(judgeGlobal('collections', 'OrderedDict'), 'safe');
    assert.equal(judgeGlobal('sklearn.ensemble._forest', 'RandomForestClassifier'), 'safe');
    assert.equal(judgeGlobal('sklearn.utils', 'something'), 'unknown');
    assert.equal(judgeGlobal('sklearn.tree._tree', 'fetch'), 'unknown');
    assert.equal(judgeGlobal('__builtin__', 'eval'), 'malicious');
    assert.equal(judgeGlobal('collections', 'os.system'), 'malicious');
    assert.equal(judgeGlobal('collections', 'constructor'), 'unknown');
    assert.equal(judgeGlobal('toString', 'valueOf'), 'unknown');
  });

  it('gives every file a finding and the worst verdict to all', async () => {
    const files = Object.entries({ 'model/a.pkl': harmless, 'model/b.py': Buffer.from('x = 1\n') }).map(
      ([path, bytes]) => {
        const place = join(folder, createHash('sha256').update(bytes).digest('hex'));
        writeFileSync(place, bytes);
        return { path, localPath: async () => place };
      },
    );
    const { verdict: all, findings } = await scanModelFiles(files);
    assert.equal(all, 'unknown');
    assert.deepEqual(
      findings.map(({ path, verdict: own }) => [path, own]),
      [
        ['model/a.pkl', 'safe'],
        ['model/b.py', 'unknown'],
      ],
    );
  });

  it('ends with a verdict on any bytes', async () => {
    const piece = fc.oneof(
      fc.uint8Array({ maxLength: 40 }),
      fc.constantFrom(evil, harmless, zip({ a: harmless }), Buffer.from('PK\x05\x06'), Buffer.from('\x80\x05')),
    );
    const name = fc.constantFrom('model.pkl', 'model.pt', 'model.onnx', 'a.safetensors', 'a.npy', 'a', 'a.json');
    await fc.assert(
      fc.asyncProperty(name, fc.array(piece, { maxLength: 4 }), async (file, pieces) => {
        const found = await verdict(file, Buffer.concat(pieces));
        assert.ok(['safe', 'unknown', 'malicious', 'invalid'].includes(found));
      }),
      { numRuns: 500 },
    );
  });
});
