import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { load } from './support/load.mjs';

process.env.TZ = 'America/New_York';
const { parseDuration, formatDuration, relative, absolute, toLocalField, fromLocalField, words, count, DAY } = await load('lib/duration.ts', 'lib/time.ts', 'lib/format.ts');

describe('durations', () => {
  it('are read with units in words and letters, alone and together', () => {
    const cases = { 10: 10, '10 s': 10, '1 minute': 60, '1h 30m': 5400, '2 Hours': 7200, '1 day': 86400, ' 90 sec ': 90, '1 hour 1 second': 3601, '5min': 300 };
    for (const [text, seconds] of Object.entries(cases)) assert.equal(parseDuration(text), seconds, text);
  });

  it('that make no sense are none', () => {
    for (const text of ['', ' ', '0', '0 s', '-1', '1.5 h', 'hour', '1 fortnight', '1 h x', '1e3', '99999999999999999999']) assert.equal(parseDuration(text), undefined, text);
  });

  it('are written in the largest unit that divides them, and read back the same', () => {
    assert.deepEqual([1, 10, 60, 90, 3600, 5400, 86400, 172800].map(formatDuration), ['1 second', '10 seconds', '1 minute', '90 seconds', '1 hour', '90 minutes', '1 day', '2 days']);
    for (const seconds of [1, 59, 61, 3599, 3601, 86401, 2678400]) assert.equal(parseDuration(formatDuration(seconds)), seconds);
  });
});

describe('times', () => {
  const now = Date.UTC(2026, 10, 25, 12);

  it('are told by how far away they are, and by their date beyond 30 days', () => {
    assert.equal(relative(now - 1000, now), 'just now');
    assert.equal(relative(now + 1000, now), 'in less than a minute');
    assert.match(relative(now - 5 * 60_000, now), /^5 min/);
    assert.match(relative(now - DAY + 1, now), /^23 h/);
    assert.equal(relative(now + 3 * DAY, now), 'in 3 days');
    assert.match(relative(now - 31 * DAY, now), /2026/);
  });

  it('in full are in the zone of the reader and name it', () => {
    assert.match(absolute(now), /0?7:00:00/);
    assert.match(absolute(now), /EST|GMT-5/);
  });

  it('are in English, as all that is around them is', () => {
    assert.match(relative(now - 31 * DAY, now), /^25 Oct 2026$/);
    assert.equal(count(12_345, 'key'), '12,345 keys');
  });

  it('go to a field and back in the zone of the reader, also across a change of clocks', () => {
    assert.equal(toLocalField(now), '2026-11-25T07:00');
    for (const ms of [now, Date.UTC(2026, 6, 1, 3, 7), Date.UTC(2026, 10, 1, 4, 30)]) assert.equal(fromLocalField(toLocalField(ms)), ms);
    for (const text of ['', 'tomorrow', '2026-13-01T00:00', '2026-11-25']) assert.equal(fromLocalField(text), undefined, text);
  });
});

describe('words', () => {
  it('spell the names of the API for people', () => {
    assert.deepEqual(['MANAGE_API_KEYS', 'MANAGE_IP_WHITELIST', 'READ', 'MANAGE_SSH_AND_WINRM'].map(words), ['Manage API keys', 'Manage IP whitelist', 'Read', 'Manage SSH and WinRM']);
    assert.deepEqual([count(1, 'key'), count(0, 'key'), count(2, 'entry', 'entries')], ['1 key', '0 keys', '2 entries']);
  });
});
