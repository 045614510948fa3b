import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createRandom, drawBinomial, drawPoisson } from './random.ts';

describe('random numbers', () => {
  it("gives xoshiro128**'s reference stream", () => {
    const random = createRandom([1, 2, 3, 4]);
    const words = Array.from({ length: 8 }, () => random.uint32());
    assert.deepEqual(words, [11520, 0, 5927040, 70819200, 2031721883, 1637235492, 1287239034, 3734860849]);
  });

  it('repeats for equal seeds and differs for neighbouring ones', () => {
    const first = (seed: number) => createRandom(seed).uint32();
    assert.equal(first(7), first(7));
    assert.equal(new Set(Array.from({ length: 1000 }, (_, seed) => first(seed))).size, 1000);
    assert.notEqual(first(1), first(1 + 2 ** 32));
  });

  it('draws from the distributions it names', () => {
    const random = createRandom(42);
    const n = 200_000;
    let [uniform, normal, square, poisson, binomial] = [0, 0, 0, 0, 0];
    const faces = new Uint32Array(6);
    for (let i = 0; i < n; i++) {
      uniform += random.uniform();
      const z = random.normal();
      normal += z;
      square += z * z;
      faces[random.integer(6)]!++;
      if (i % 10 === 0) {
        poisson += drawPoisson(random, 45);
        binomial += drawBinomial(random, 10, 0.3);
      }
    }
    assert.ok(Math.abs(uniform / n - 0.5) < 4 / Math.sqrt(12 * n));
    assert.ok(Math.abs(normal / n) < 4 / Math.sqrt(n));
    assert.ok(Math.abs(square / n - 1) < 4 * Math.sqrt(2 / n));
    assert.ok(Math.abs(poisson / (n / 10) - 45) < 4 * Math.sqrt(45 / (n / 10)));
    assert.ok(Math.abs(binomial / (n / 10) - 3) < 4 * Math.sqrt(2.1 / (n / 10)));
    for (const count of faces) assert.ok(Math.abs(count - n / 6) < 4 * Math.sqrt((n * 5) / 36));
  });

  it('refuses seeds and limits it cannot honour', () => {
    assert.throws(() => createRandom(0.5), RangeError);
    assert.throws(() => createRandom([0, 0, 0, 0]), RangeError);
    assert.throws(() => createRandom(1).integer(0), RangeError);
    assert.throws(() => drawPoisson(createRandom(1), -1), RangeError);
  });
});
