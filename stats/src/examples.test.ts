import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { createContext, runInContext } from 'node:vm';
import * as stats from './index.ts';

interface Example {
  readonly place: string;
  readonly code: string;
}

/** Code below every `@example` of what the workspace exports, but for `learn`. */
function examples(): Example[] {
  const found: Example[] = [];
  const files = readdirSync(import.meta.dirname, { recursive: true, encoding: 'utf8' });
  for (const file of files.filter((name) => /^(?!learn|testing).*(?<!\.test)\.ts$/.test(name)).sort()) {
    const text = readFileSync(join(import.meta.dirname, file), 'utf8');
    for (const match of text.matchAll(/\* @example\n((?: \* .*\n)+) \*\//g)) {
      const name = /^\s*export function (\w+)/.exec(text.slice(match.index + match[0].length))?.[1];
      const code = match[1]!.replaceAll(/^ \* ?/gm, '');
      if (name !== undefined && name in stats) found.push({ place: `${file}: ${name}`, code });
    }
  }
  return found;
}

/** The number a trailing comment promises, and how far a result may be off: "0.123..." is a prefix, not a value. */
function promise(code: string): { readonly expected: number; readonly tolerance: number } | null {
  const comment = /;\s*\/\/ (?:[^:]* = )?(-?\d+(?:\.(\d+))?(?:e-?\d+)?)(\.\.\.)?\n$/.exec(code);
  if (comment === null) return null;
  const expected = Number(comment[1]);
  const prefix = comment[3] !== undefined;
  return { expected, tolerance: prefix ? 10 ** -comment[2]!.length : 1e-12 * Math.abs(expected) };
}

describe('examples of the documentation', () => {
  it('run, and give the numbers they promise', () => {
    const all = examples();
    assert.ok(all.length > 80, `only ${all.length} examples found`);
    const context = createContext({ ...stats });
    let checked = 0;
    for (const { place, code } of all) {
      let value: unknown;
      try {
        value = runInContext(`{${code}}`, context);
      } catch (error) {
        throw new Error(`${place}: ${String(error)}`, { cause: error });
      }
      const promised = promise(code);
      if (promised === null || typeof value !== 'number') continue;
      checked++;
      const error = Math.abs(value - promised.expected);
      assert.ok(error <= promised.tolerance, `${place}: ${value}, documented as ${promised.expected}`);
    }
    assert.ok(checked > 50, `only ${checked} numbers checked`);
  });
});
