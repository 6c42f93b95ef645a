import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { it } from 'node:test';
import { fileURLToPath } from 'node:url';

it('every operation fits the schema, and every type holds', { timeout: 300_000 }, () => {
  const done = spawnSync('npm', ['run', '--silent', 'typecheck'], { cwd: fileURLToPath(new URL('..', import.meta.url)), encoding: 'utf8' });
  assert.equal(done.status, 0, done.stdout + done.stderr);
});
