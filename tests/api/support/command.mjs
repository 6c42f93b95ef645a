// Commands that talk to a server, as people and as scripts use them.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { BINARY, run, SLOW } from './server.mjs';

/** Ways to run commands against the server that `server()` answers. */
export function commandsOf(server) {
  /** The environment of a command: this server, and its administrator's key unless another is given. */
  const environment = (extra = {}) => ({ ...process.env, LATCHKEY_URL: server().url, LATCHKEY_API_KEY: server().account.apiKey, ...extra });

  const cli = (args, extra, input = '') => run(args, { env: environment(extra), input });

  /** What a command that must succeed prints. */
  function print(...args) {
    const done = cli(args);
    assert.equal(done.status, 0, `latchkey ${args.join(' ')}: ${done.stderr}`);
    return done.stdout;
  }

  const json = (...args) => JSON.parse(print(...args, '--json'));

  /** What a command that must fail with an exit code says. */
  function refuse(status, ...args) {
    const done = cli(args);
    assert.equal(done.status, status, `latchkey ${args.join(' ')}: ${done.stdout}${done.stderr}`);
    assert.equal(done.stdout, '');
    assert.ok(done.stderr.startsWith('latchkey: '), done.stderr);
    return done.stderr;
  }

  /** A line of the shell, in which "$0" is the program and "$1" the first of args. */
  const shell = (line, args = [], extra) => spawnSync('sh', ['-c', line, BINARY, ...args], { env: environment(extra), encoding: 'utf8', timeout: 30000 * SLOW });

  return { environment, cli, print, json, refuse, shell };
}
