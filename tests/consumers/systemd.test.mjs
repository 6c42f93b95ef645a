// packaging/latchkey.service as systemd itself judges it.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { describe, it } from 'node:test';
import { ROOT } from '../api/support/server.mjs';

describe('the systemd unit', () => {
  it('is as hardened as it is said to be', () => {
    const unit = path.join(ROOT, 'packaging/latchkey.service');
    const done = spawnSync('systemd-analyze', ['security', '--offline=true', '--threshold=15', '--no-pager', unit], { encoding: 'utf8' });
    assert.equal(done.status, 0, done.stdout + done.stderr);
    const [, exposure] = /Overall exposure level for latchkey.service: ([0-9.]+)/.exec(done.stdout);
    assert.ok(Number(exposure) <= 1.5, exposure);
    assert.doesNotMatch(done.stderr, /Unknown|ignoring/);
  });
});
