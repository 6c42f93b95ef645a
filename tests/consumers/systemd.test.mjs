// packaging/latchkey.service as systemd itself judges it.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { describe, it } from 'node:test';
import { ROOT } from '../api/support/server.mjs';

describe('the systemd unit', () => {
  const unit = path.join(ROOT, 'packaging/latchkey.service');

  it('is as hardened as it is said to be', () => {
    const done = spawnSync('systemd-analyze', ['security', '--offline=true', '--threshold=15', '--no-pager', unit], { encoding: 'utf8' });
    assert.equal(done.status, 0, done.stdout + done.stderr);
    const [, exposure] = /Overall exposure level for latchkey.service: ([0-9.]+)/.exec(done.stdout);
    assert.ok(Number(exposure) <= 1.5, exposure);
    assert.doesNotMatch(done.stderr, /Unknown|ignoring/);
  });

  it('allows what the server allows itself once it serves, but for fchown, which only root needs', () => {
    const expand = (name) => {
      if (!name.startsWith('@')) return [name];
      const { stdout } = spawnSync('systemd-analyze', ['syscall-filter', '--no-pager', name], { encoding: 'utf8' });
      return [...stdout.matchAll(/^ {4}([@\w-]+)$/gm)].flatMap(([, member]) => expand(member));
    };
    const allowed = new Set();
    for (const [, deny, names] of fs.readFileSync(unit, 'utf8').matchAll(/^SystemCallFilter=(~?)(.*)$/gm)) {
      for (const call of names.split(' ').flatMap(expand)) deny ? allowed.delete(call) : allowed.add(call);
    }
    const [, own] = /allowed\[\] = \{([^}]*)\}/.exec(fs.readFileSync(path.join(ROOT, 'src/api/sandbox_syscalls.c'), 'utf8'));
    const needed = [...own.matchAll(/"(\w+)"/g)].map(([, call]) => call);
    assert.ok(needed.length > 50);
    assert.deepEqual(needed.filter((call) => !allowed.has(call)), ['fchown']);
  });
});
