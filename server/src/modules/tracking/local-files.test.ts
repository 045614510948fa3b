import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { pathToFileURL } from 'node:url';
import fc from 'fast-check';
import { type LocalFolder, listLocalFolder, localFilesBelow, localFolder, openLocalFile } from './local-files.ts';

const SECRET = 'what nobody may read';

describe('a local folder of artifacts', () => {
  const home = mkdtempSync(path.join(tmpdir(), 'flyball-local-'));
  const root = path.join(home, 'root');
  const own = path.join(root, '1', 'run', 'artifacts');
  let place: LocalFolder;

  before(() => {
    mkdirSync(path.join(own, 'a', 'b'), { recursive: true });
    mkdirSync(path.join(root, '2'));
    writeFileSync(path.join(own, 'a', 'b', 'file'), 'mine');
    for (const secret of [path.join(home, 'secret'), path.join(root, '2', 'secret'), path.join(root, 'secret')]) {
      writeFileSync(secret, SECRET);
    }
    symlinkSync(home, path.join(own, 'up'));
    symlinkSync('../../..', path.join(own, 'a', 'relative'));
    symlinkSync(path.join(root, '2', 'secret'), path.join(own, 'a', 'secret'));
    symlinkSync('.', path.join(own, 'loop'));
    const found = localFolder(pathToFileURL(root).href, {
      artifact_uri: `${pathToFileURL(root).href}/1/run/artifacts`,
      experiment: 1,
    });
    assert.ok(found !== null);
    place = found;
  });

  after(() => rmSync(home, { recursive: true, force: true }));

  async function read(file: string): Promise<string | null> {
    try {
      const chunks: Uint8Array[] = [];
      for await (const chunk of (await openLocalFile(place, file)).bytes) chunks.push(chunk);
      return Buffer.concat(chunks).toString();
    } catch (error) {
      const { code } = error as { code?: unknown };
      assert.ok(code === 'not_found' || code === 'invalid_input', `${file}: ${String(error)}`);
      return null;
    }
  }

  it('gives nothing from outside, whatever is asked and however it is written', async () => {
    const piece = fc.constantFrom(
      ...['a', 'b', 'file', 'secret', 'up', 'relative', 'loop', 'root', '1', '2', 'run', 'artifacts', 'etc', 'passwd'],
      ...['..', '.', '', '%2e%2e', '%252e%252e', '..%2f', '%5c', '\\', '\u0000', '#', '\uff0e\uff0e', '%c0%ae', home],
    );
    const asked = fc.oneof(
      fc.array(piece, { maxLength: 6 }).map((parts) => parts.join('/')),
      fc.string(),
    );
    await fc.assert(
      fc.asyncProperty(asked, async (file) => {
        const content = await read(file);
        assert.ok(content === null || content === 'mine', file);
        const entries = await listLocalFolder(place, file).catch(() => []);
        for (const { name } of entries) assert.ok(['a', 'b', 'file'].includes(name), `${file}: ${name}`);
      }),
      { numRuns: 500 },
    );
    assert.equal(await read('a/b/file'), 'mine');
    assert.deepEqual(await localFilesBelow(place, ''), ['a/b/file']);
    assert.deepEqual(await localFilesBelow(place, 'a/b'), ['a/b/file']);
  });

  it('does not follow a folder that is exchanged for a link while it is read', async () => {
    const victim = path.join(own, 'moving');
    mkdirSync(victim);
    writeFileSync(path.join(victim, 'secret'), 'mine');
    let done = false;
    const exchange = async (): Promise<void> => {
      while (!done) {
        renameSync(victim, `${victim}-kept`);
        symlinkSync(root, victim);
        await new Promise((resolve) => setImmediate(resolve));
        rmSync(victim);
        renameSync(`${victim}-kept`, victim);
        await new Promise((resolve) => setImmediate(resolve));
      }
    };
    const exchanging = exchange();
    for (let i = 0; i < 300; i++) assert.notEqual(await read('moving/secret'), SECRET);
    done = true;
    await exchanging;
  });

  it('is only what the server gave out itself, below the root and the own number', () => {
    const url = pathToFileURL(root).href;
    const at = (uri: string, configured?: string) => localFolder(configured, { artifact_uri: uri, experiment: 1 });
    for (const other of [undefined, 's3://bucket', `${url}/1`]) {
      assert.equal(at(`${url}/1/run/artifacts`, other), null, other);
    }
    for (const uri of [`${url}/2/run/artifacts`, `${url}/11/x`, `${url}x/1/run`, 'file:///etc', root, `${url}/1`, '']) {
      assert.equal(at(uri, url), null, uri);
    }
    for (const uri of [`${url}/1/../2`, `${url}/1/%2e%2e/2`, `${url}/1/a#b`]) {
      assert.throws(() => at(uri, url), { code: 'invalid_input' }, uri);
    }
  });
});
