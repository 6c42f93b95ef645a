// The service manager's side: what the server tells it, and the unit's hardening.
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { describe, it } from 'node:test';
import { BINARY, init, ROOT, run, Server, sleep, SLOW, temporaryDirectory } from './support/server.mjs';

// Node has no datagram Unix sockets.
const LISTENER = `
import socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind(sys.argv[1])
print("bound", flush=True)
while True:
    print(s.recv(4096).decode(), flush=True)
`;

class Manager {
  static async start() {
    const manager = new Manager();
    manager.path = path.join(temporaryDirectory(), 'notify');
    manager.said = [];
    manager.process = spawn('python3', ['-c', LISTENER, manager.path], { stdio: ['ignore', 'pipe', 'inherit'] });
    let text = '';
    manager.process.stdout.on('data', (piece) => {
      text += piece;
      manager.said = text.split('\n').slice(0, -1);
    });
    await manager.hears('bound');
    return manager;
  }

  /** Waits until it was told `word` `times` times. */
  async hears(word, times = 1) {
    const deadline = Date.now() + 10000 * SLOW;
    while (this.said.filter((said) => said === word).length < times) {
      assert.ok(Date.now() < deadline, `no ${word} in ${JSON.stringify(this.said)}`);
      await sleep(10);
    }
  }
}

describe('service', () => {
  it('is told when the server is ready, reloads and stops', async () => {
    const manager = await Manager.start();
    try {
      const server = await Server.fresh({ env: { NOTIFY_SOCKET: manager.path } });
      await manager.hears('READY=1');
      server.process.kill('SIGHUP');
      await manager.hears('READY=1', 2);
      await server.stop();
      await manager.hears('STOPPING=1');
      assert.deepEqual(manager.said, ['bound', 'READY=1', 'RELOADING=1', 'READY=1', 'STOPPING=1']);
    } finally {
      manager.process.kill();
    }
  });

  it('gets signs of life as often as it asks for', async () => {
    const manager = await Manager.start();
    try {
      const server = await Server.fresh({ env: { NOTIFY_SOCKET: manager.path, WATCHDOG_USEC: '100000' } });
      await manager.hears('WATCHDOG=1', 3);
      await server.stop();
    } finally {
      manager.process.kill();
    }
  });

  it('gets them too while it has the server reload all the time', async () => {
    const manager = await Manager.start();
    try {
      const server = await Server.fresh({ env: { NOTIFY_SOCKET: manager.path, WATCHDOG_USEC: '1000000' } });
      const reloads = setInterval(() => server.process.kill('SIGHUP'), 50);
      await manager.hears('WATCHDOG=1', 3);
      clearInterval(reloads);
      await server.stop();
    } finally {
      manager.process.kill();
    }
  });

  it('that cannot be reached stops the start with a sentence', () => {
    const data = path.join(temporaryDirectory(), 'data');
    init(data);
    const serve = (socket) => run(['serve', '--data', data, '--listen', '127.0.0.1:0', '--ops-listen', ''], { env: { ...process.env, NOTIFY_SOCKET: socket } });
    for (const socket of ['/nowhere/notify', 'relative']) {
      const done = serve(socket);
      assert.equal(done.status, 1);
      assert.match(done.stderr, /NOTIFY_SOCKET/);
    }
  });

  it('gets the log with priorities where standard error is its journal, and as ever where it is not', async () => {
    // What a child whose standard error was redirected inherits is the stream of somebody else.
    const streams = { journal: '$(stat --dereference --format %d:%i /proc/self/fd/2)', other: '1$(stat --dereference --format %d:%i /proc/self/fd/2)' };
    const data = path.join(temporaryDirectory(), 'data');
    const account = init(data);
    const log = async (stream, ...args) => {
      const server = await Server.start(data, account, { args: ['--sandbox', 'off', ...args], wrapper: ['sh', '-c', `JOURNAL_STREAM=${streams[stream]} exec "$@"`, 'sh'] });
      await server.stop();
      return server.stderr;
    };
    const time = String.raw`\d{4}-\d\d-\d\dT[\d:.]{12}Z`;
    const text = await log('journal');
    assert.match(text, /^<4>warn  sandbox: off, as --sandbox says$/m);
    assert.match(text, /^(<6>info  .+\n|<4>warn  .+\n)+$/);
    assert.match(await log('journal', '--log-format', 'json'), new RegExp(`^<4>\\{"time":"${time}","level":"warn","message":"sandbox: off, as --sandbox says"\\}$`, 'm'));
    assert.match(await log('other'), new RegExp(`^${time} warn  sandbox: off, as --sandbox says$`, 'm'));
    assert.match(await log('other', '--log-format', 'json'), new RegExp(`^\\{"time":"${time}","level":"warn"`, 'm'));
  });

  it('gets why a start failed as an error', () => {
    const file = path.join(temporaryDirectory(), 'journal');
    const fd = fs.openSync(file, 'w');
    const { dev, ino } = fs.fstatSync(fd, { bigint: true });
    const start = (...args) => spawnSync(BINARY, ['serve', ...args], { env: { ...process.env, JOURNAL_STREAM: `${dev}:${ino}` }, stdio: ['ignore', 'ignore', fd] });
    start('--data', '/nowhere');
    start('--bogus');
    fs.closeSync(fd);
    assert.match(fs.readFileSync(file, 'utf8'), /^<3>latchkey: .*\/nowhere.*\n<3>latchkey: .*bogus.*\nRun `latchkey help serve`/);
  });

  it('unit allows the system calls that the sandbox allows and needs', () => {
    const unit = fs.readFileSync(path.join(ROOT, 'packaging/latchkey.service'), 'utf8');
    for (const call of ['landlock_create_ruleset', 'landlock_add_rule', 'landlock_restrict_self', 'seccomp', 'mlock']) assert.match(unit, new RegExp(`^SystemCallFilter=.*\\b${call}\\b`, 'm'));
  });
});
