import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { load } from './support/load.mjs';

const { diffLines } = await load('lib/diff.ts');
const signs = { same: ' ', removed: '-', added: '+' };
const show = (before, after) => diffLines(before, after).map(({ kind, text }) => signs[kind] + text).join('|');

describe('a difference of lines', () => {
  it('keeps what is the same and marks what went and what came', () => {
    assert.equal(show('a\nb\nc\n', 'a\nx\nc\n'), ' a|-b|+x| c');
    assert.equal(show('', 'a\nb\n'), '+a|+b');
    assert.equal(show('a\n', ''), '-a');
    assert.equal(show('a\nb', 'a\nb'), ' a| b');
    assert.equal(show('', ''), '');
    assert.equal(show('a\nb\nc\nd', 'c\nd\na\nb'), '-a|-b| c| d|+a|+b');
  });

  it('puts together both texts again, whatever they are, with as few lines as can be', () => {
    let seed = 7;
    const random = (n) => (seed = (seed * 48271) % 2147483647) % n;
    for (let round = 0; round < 300; round++) {
      const text = () => Array.from({ length: random(9) }, () => 'abc'[random(3)]);
      const [before, after] = [text(), text()];
      const lines = diffLines(before.join('\n'), after.join('\n'));
      assert.deepEqual(lines.filter((one) => one.kind !== 'added').map((one) => one.text), before);
      assert.deepEqual(lines.filter((one) => one.kind !== 'removed').map((one) => one.text), after);
      assert.equal(lines.filter((one) => one.kind === 'same').length, longestCommon(before, after));
    }
  });

  it('of long texts does not take long', () => {
    const before = Array.from({ length: 20000 }, (_, i) => `old ${i}`).join('\n');
    const start = performance.now();
    const lines = diffLines(before, before.replaceAll('old', 'new'));
    assert.equal(lines.length, 40000);
    assert.ok(performance.now() - start < 5000);
  });
});

function longestCommon(a, b) {
  if (a.length === 0 || b.length === 0) return 0;
  if (a[0] === b[0]) return 1 + longestCommon(a.slice(1), b.slice(1));
  return Math.max(longestCommon(a.slice(1), b), longestCommon(a, b.slice(1)));
}
