import assert from 'node:assert/strict';
import { after, describe, it } from 'node:test';
import { load } from './support/load.mjs';

const { hearTime, serverNow, now } = await load('lib/clock.ts');
const HOUR = 3_600_000;

describe("the server's clock", () => {
  const server = Date.UTC(2026, 10, 25, 12, 0, 0, 700);
  const date = new Date(server).toUTCString(); // 300 ms before the next second
  const real = Date.now;
  after(() => void (Date.now = real));
  /** What time it is once an answer has come that took so long, by a browser's clock that is wrong by so much. */
  const heard = (wrong, took = 100, text = date) => {
    Date.now = () => server + wrong;
    hearTime(text, server + wrong - took);
    return serverNow() - server;
  };

  it('is that of the browser where that can be right', () => {
    assert.deepEqual([heard(0), heard(250), heard(-300), heard(4000, 5000)], [0, 250, -300, 4000]);
  });

  it('is heard from an answer where it cannot, to a second and the time that the answer took', () => {
    for (const wrong of [HOUR, -HOUR, 5000, -5000]) assert.ok(Math.abs(heard(wrong)) <= 1000, String(wrong));
    assert.ok(Math.abs(now.get() - server) <= 1000, 'and all that follows it is told');
    assert.ok(Math.abs(heard(HOUR, 5000)) <= 6000);
  });

  it('stays as it is where it still can be so, and is the browser\'s again when that is set right', () => {
    heard(HOUR);
    const before = serverNow();
    heard(HOUR, 9000);
    assert.equal(serverNow(), before);
    assert.equal(heard(0), 0);
  });

  it('is not moved by what is no date, nor by an answer during which the clock was set', () => {
    heard(0);
    for (const text of [null, '', 'yesterday']) assert.equal(heard(HOUR, 100, text), HOUR);
    assert.equal(heard(HOUR, -2 * HOUR), HOUR);
  });
});
