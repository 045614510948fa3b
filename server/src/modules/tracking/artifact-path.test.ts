import assert from 'node:assert/strict';
import path from 'node:path';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { checkArtifactFile, checkArtifactPath } from './artifact-path.ts';

const encode = (text: string, times: number): string =>
  times === 0
    ? text
    : encode([...text].map((char) => `%${char.charCodeAt(0).toString(16).padStart(2, '0')}`).join(''), times - 1);

const refuses = (path: string): void =>
  assert.throws(() => checkArtifactPath(path), { code: 'invalid_input', message: 'Invalid path' });

describe('the check of artifact paths', () => {
  it('keeps ordinary paths and cleans empty and dot segments', () => {
    for (const [given, kept] of [
      ['', ''],
      ['model/MLmodel', 'model/MLmodel'],
      ['a//b/./c', 'a/b/c'],
      ['100%', '100%'],
      ['ein Bild (ä).png', 'ein Bild (ä).png'],
      ['...', '...'],
      ['a..b/..c', 'a..b/..c'],
      ['50%25off', '50%25off'],
      // Images of older clients whose key has a slash.
      ['images/a#b#c%step%10%timestamp%20%ge-cd.png', 'images/a#b#c%step%10%timestamp%20%ge-cd.png'],
      ['images/a#b+step+10+timestamp+20+0e-cd.png', 'images/a#b+step+10+timestamp+20+0e-cd.png'],
    ] as const) {
      assert.equal(checkArtifactPath(given), kept);
    }
  });

  it('refuses every way out that the security cases know', () => {
    for (const path of [
      '../path',
      'a/../../b',
      '..',
      'a/..',
      '/etc/passwd',
      'a#/../b',
      'a#b',
      '..\\..\\windows\\win.ini',
      'C:\\windows\\win.ini',
      'C:/windows',
      'c:',
      '%2e%2e/x',
      '%2e%2e%2f%2e%2e%2ftmp%2fdir',
      '%252e%252e%252fx',
      '%25252e%25252e/x',
      '%2fetc/passwd',
      'a%5c..%5cb',
      'a%00',
      'a\u0000',
      'a\nb',
      'a%0ab',
      '%43:/x',
      'a%23/../b',
      'a#/../b%step%1%timestamp%2%ge.png',
      'a#b%step%1%timestamp%2%ge/../../c.png',
      'a#b%2f..%2f..%2fc%step%1%timestamp%2%ge.png',
      'a#b%step%1%timestamp%2%ge/c.png',
      'a%23b%step%1%timestamp%2%ge.png',
      'a#b%step%1.png',
      '%ff%2e%2e/%2e%2e/x',
      'a/%2e%2e%ff/../b',
      '\ud800',
      'x'.repeat(1_025),
    ]) {
      refuses(path);
    }
  });

  it('refuses a step up at any place and any depth of encoding', () => {
    const segment = fc.constantFrom('a', 'b c', '.', '', 'ä', '%', '%41', '...');
    fc.assert(
      fc.property(
        fc.array(segment, { maxLength: 4 }),
        fc.array(segment, { maxLength: 4 }),
        fc.nat(3),
        (left, right, times) => {
          refuses([...left, encode('..', times), ...right].join('/'));
        },
      ),
    );
  });

  it('returns only paths that stay inside, and that it would accept again', () => {
    const piece = fc.constantFrom(
      '.',
      '..',
      '/',
      '\\',
      '%',
      '2e',
      '2f',
      '5c',
      '25',
      'a',
      ':',
      '#',
      '\u0000',
      'é',
      '\n',
      // Look-alikes of dots and slashes, which some programs turn into them; overlong and half encodings.
      '\uff0e',
      '\uff0f',
      '\u2024',
      '\u2215',
      '%c0%ae',
      '%c0%af',
      '%u002e',
      'e\u0301',
      '\u202e',
      'C:',
      '\\\\host',
      '//./',
      'con',
      '::$DATA',
    );
    const given = fc.oneof(
      fc.string(),
      fc.string({ unit: 'binary' }),
      fc.array(piece, { maxLength: 12 }).map((parts) => parts.join('')),
    );
    fc.assert(
      fc.property(given, (text) => {
        let kept: string;
        try {
          kept = checkArtifactPath(text);
        } catch (error) {
          assert.equal((error as Error).message, 'Invalid path');
          return;
        }
        for (let reading = kept, times = 0; times < 5; times++) {
          assert.ok(!reading.startsWith('/') && !reading.split(/[/\\]/).includes('..'), reading);
          assert.ok(!/[\p{Cc}\\#]/u.test(reading));
          try {
            reading = decodeURIComponent(reading);
          } catch {
            break;
          }
        }
        assert.equal(checkArtifactPath(kept), kept);
        assert.ok(path.posix.resolve('/root', kept).startsWith('/root'), kept);
        assert.ok(path.win32.resolve('C:\\root', kept).startsWith('C:\\root'), kept);
      }),
      { numRuns: 2_000 },
    );
  });

  it('takes the root for a folder, never for a file', () => {
    assert.equal(checkArtifactFile('a/b'), 'a/b');
    for (const path of ['', '.', 'a/', '/']) assert.throws(() => checkArtifactFile(path), { code: 'invalid_input' });
  });

  it('takes the names that MLflow gives to images, at any step', () => {
    for (const step of [0, 7, 10, 23, 100, 2500, 250_023]) {
      const name = `images/digits%step%${step}%timestamp%1790000000000%g1b2.png`;
      assert.equal(checkArtifactPath(name), name);
    }
    const hidden = ['%step%1%timestamp%2%2f..%2f..%2fx', '%step%1%timestamp%2%46..%2%46x', '%step%1%timestamp%2%00g'];
    for (const name of hidden) assert.throws(() => checkArtifactPath(`images/a${name}`), { code: 'invalid_input' });
  });
});
