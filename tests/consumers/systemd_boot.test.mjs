// The service as docs/deployment.md installs it, under a systemd that boots for it: tools/boot says what that takes.
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import path from 'node:path';
import { after, before, beforeEach, describe, it } from 'node:test';
import { BINARY, ROOT, SLOW } from '../api/support/server.mjs';

const DOCUMENT = fs.readFileSync(path.join(ROOT, 'docs/deployment.md'), 'utf8');
const NO_CAPABILITY = '0000000000000000';

/** The indented lines of the document from the one that begins so to the next that is not indented. */
function block(first) {
  const [lines] = new RegExp(`^    ${first}.*\n(?:    .*\n)*`, 'm').exec(DOCUMENT) ?? assert.fail(`no block begins with ${first}`);
  return lines.replaceAll(/^ {4}/gm, '');
}

class Machine {
  /** Boots it; null and why, where it cannot be done. */
  static async boot() {
    const boot = spawn(path.join(ROOT, 'tools/boot'), [path.dirname(BINARY)], { stdio: ['pipe', 'pipe', 'pipe'] });
    let said = '';
    boot.stderr.on('data', (text) => (said += text));
    const machine = Object.assign(new Machine(), { boot, over: once(boot, 'exit') });
    const [first] = await Promise.race([once(boot.stdout, 'data'), machine.over]);
    if (first === 77) return { why: said.trim() };
    assert.equal(boot.exitCode, null, said);
    machine.first = String(first).trim();
    return { machine };
  }

  async halt() {
    this.boot.stdin.end();
    await this.over;
  }

  /** Runs a shell command in it; what it printed. It must succeed, unless told otherwise. */
  run(command, { status = 0, input = '' } = {}) {
    const done = this.enter(command, input);
    assert.equal(done.status, status, `${command}\n${done.stdout}${done.stderr}${done.status === 0 ? '' : this.journal().slice(-2000)}`);
    return done.stdout;
  }

  /** Never outside of it, should it have ended. */
  enter(command, input = '') {
    const guarded = `test -e /etc/latchkey-boot || exit 99\n${command}`;
    return spawnSync('nsenter', ['--target', this.first, '--all', '--wd=/', 'sh', '-c', guarded], { encoding: 'utf8', timeout: 60000 * SLOW, input });
  }

  journal() {
    return this.enter('journalctl --unit latchkey --output cat').stdout;
  }

  show(property) {
    return this.run(`systemctl show --value --property ${property} latchkey`).trim();
  }

  write(file, text) {
    this.run(`mkdir -p ${path.dirname(file)} && cat >${file}`, { input: text });
  }

  settings(...lines) {
    this.write('/etc/latchkey/latchkey.conf', lines.map((line) => `${line}\n`).join(''));
  }

  /** Puts a drop-in beside the unit. */
  dropIn(text) {
    this.write('/etc/systemd/system/latchkey.service.d/test.conf', text);
    this.run('systemctl daemon-reload');
  }

  /** Waits until the command prints this. */
  until(command, expected) {
    const deadline = Date.now() + 20000 * SLOW;
    let printed;
    do printed = this.run(`${command} || :`).trim();
    while (printed !== expected && Date.now() < deadline);
    assert.equal(printed, expected, command);
  }

  /** The fields of the server's status. */
  confinement() {
    const status = this.run(`cat /proc/${this.show('MainPID')}/status`);
    return Object.fromEntries(['CapPrm', 'CapEff', 'CapAmb', 'NoNewPrivs', 'Seccomp'].map((field) => [field, new RegExp(`^${field}:\\s+(.*)$`, 'm').exec(status)[1]]));
  }
}

const { machine, why } = await Machine.boot();

describe('the service under systemd', { skip: why }, () => {
  const client = (command) => machine.run(`LATCHKEY_API_KEY=${machine.apiKey} latchkey ${command}`);
  const doctor = block('sudo latchkey doctor').split('\n')[0];
  const certificate = (name) =>
    machine.run(`mkdir -p /etc/latchkey/tls && cd /etc/latchkey/tls && openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout privkey.pem \
      -out fullchain.pem -subj /CN=${name} -days 90 2>/dev/null && chown latchkey: *.pem && chmod 0600 privkey.pem`);
  const served = (port) => /^subject=CN = (.*)$/m.exec(machine.run(`openssl s_client -connect 127.0.0.1:${port} 2>/dev/null`))?.[1];

  before(() => {
    const commands = block('make build && sudo make install').split('\n').slice(1); // the first is what tools/boot has done
    machine.apiKey = /lk_\w{71}/.exec(machine.run(`set -e\n${commands.join('\n')}`))[0];
  });
  beforeEach(() => machine.run('systemctl reset-failed latchkey')); // systemd counts starts, and five in ten seconds are enough for it
  after(() => machine.halt());

  it('is active once it is ready, and answers', () => {
    assert.equal(machine.show('ActiveState'), 'active');
    assert.equal(machine.run('curl -s 127.0.0.1:5390/healthz; curl -s 127.0.0.1:5391/readyz').replaceAll('\n', ''), 'okready');
    assert.equal(machine.run('systemctl is-enabled latchkey').trim(), 'enabled');
    assert.match(machine.journal(), /ops listener on[^]*Started latchkey\.service/);
  });

  it('is confined by systemd and by itself', () => {
    assert.deepEqual(machine.confinement(), { CapPrm: NO_CAPABILITY, CapEff: NO_CAPABILITY, CapAmb: NO_CAPABILITY, NoNewPrivs: '1', Seccomp: '2' });
    assert.match(machine.journal(), /sandbox: no new privileges, no capabilities, seccomp, Landlock in force/);
    const [, exposure] = /exposure level for latchkey.service: ([0-9.]+)/.exec(machine.run('systemd-analyze security --no-pager latchkey'));
    assert.ok(Number(exposure) <= 1.5, exposure);
    assert.equal(machine.run('stat --format "%a %U %n" /var/lib/latchkey /var/lib/latchkey/latchkey.db /etc/latchkey/master.key'),
      '700 latchkey /var/lib/latchkey\n600 latchkey /var/lib/latchkey/latchkey.db\n400 root /etc/latchkey/master.key\n');
    assert.equal(machine.run('sudo -u latchkey latchkey doctor --data /var/lib/latchkey'), 'Nothing is wrong (7 checks).\n');
    assert.equal(machine.run(doctor), 'Nothing is wrong (8 checks).\n');
  });

  it('does its work: keys, console, backup, restore', () => {
    client("key create first --group 'Account Administrator' --expires 1d");
    assert.match(client('key list'), /^\S+ +first /m);
    assert.equal(machine.run("curl -s -o /dev/null -w '%{http_code}' 127.0.0.1:5390/console/"), '200');
    client('backup /root/latchkey.backup');
    machine.run('systemctl stop latchkey && mv /var/lib/latchkey /var/lib/latchkey.old');
    machine.run('latchkey restore /root/latchkey.backup --data /var/lib/latchkey --master-key-file /etc/latchkey/master.key && systemctl start latchkey');
    assert.match(client('key list'), /^\S+ +first /m);
    assert.equal(machine.run('find /var/lib/latchkey -not -user latchkey'), '');
  });

  it('stops cleanly, and starts on what is there', () => {
    machine.run('systemctl stop latchkey');
    assert.deepEqual(['ActiveState', 'Result', 'ExecMainStatus'].map((name) => machine.show(name)), ['inactive', 'success', '0']);
    assert.match(machine.run(doctor), /^Nothing is wrong/);
    const recovered = /lk_\w{71}/.exec(machine.run(`set -e\n${block('sudo systemctl stop latchkey')}`))[0];
    assert.equal(machine.run('find /var/lib/latchkey -not -user latchkey'), '');
    machine.run(`LATCHKEY_API_KEY=${recovered} latchkey key list`);
  });

  it('is found old by doctor after an upgrade, until it is restarted', () => {
    machine.run('cd /usr/local/bin && cp latchkey new && mv new latchkey');
    assert.match(machine.run(doctor, { status: 1 }), /^version: /);
    machine.run('systemctl restart latchkey');
    assert.match(machine.run(doctor), /^Nothing is wrong/);
  });

  it('lets a request under way end when it stops', () => {
    const body = JSON.stringify({ key: machine.apiKey });
    const head = `POST /v1/keys:verify HTTP/1.1\\r\\nHost: x\\r\\nX-Api-Key: ${machine.apiKey}\\r\\nContent-Type: application/json\\r\\nContent-Length: ${body.length}\\r\\n\\r\\n`;
    const answer = machine.run(`(printf '${head}'; sleep 2; printf '%s' '${body}'; sleep 1) | curl -s --max-time 20 telnet://127.0.0.1:5390 & sleep 1; systemctl stop latchkey; wait`);
    assert.match(answer, /^HTTP\/1\.1 200 [^]*"code":"VALID"/);
    assert.equal(machine.show('Result'), 'success');
    machine.run('systemctl start latchkey');
  });

  it('is started again after kill -9, and when it shows no sign of life', () => {
    const restarts = 'systemctl show --value --property NRestarts latchkey';
    machine.run(`kill -9 ${machine.show('MainPID')}`);
    machine.until(`${restarts}; systemctl is-active latchkey`, '1\nactive');
    machine.dropIn('[Service]\nWatchdogSec=1\n');
    machine.run('systemctl restart latchkey && sleep 3');
    assert.equal(machine.show('NRestarts'), '0', 'it shows life');
    machine.run(`kill -STOP ${machine.show('MainPID')}`);
    machine.until(`${restarts}; systemctl is-active latchkey`, '1\nactive');
    assert.match(machine.journal(), /Watchdog timeout/);
    client('key list');
    machine.dropIn('');
  });

  it('speaks TLS, and reads renewed certificates when it is reloaded', () => {
    machine.settings('listen = 0.0.0.0:5390', 'tls-cert = /etc/latchkey/tls/fullchain.pem', 'tls-key = /etc/latchkey/tls/privkey.pem');
    certificate('one');
    machine.run('systemctl restart latchkey');
    assert.equal(served(5390), 'one');
    certificate('two');
    assert.equal(served(5390), 'one');
    machine.run('systemctl reload latchkey');
    machine.until("openssl s_client -connect 127.0.0.1:5390 2>/dev/null | sed -n 's/^subject=CN = //p'", 'two');
    machine.run('rm /etc/latchkey/tls/fullchain.pem && systemctl reload latchkey');
    assert.equal(served(5390), 'two');
    machine.until('journalctl --unit latchkey --identifier latchkey --priority warning --output cat | cut -d . -f 1', 'error SIGHUP: the old certificates stay in use');
    assert.equal(machine.show('NRestarts'), '0');
  });

  it('serves on a port below 1024 with the documented drop-in, and keeps no capability', () => {
    machine.settings('listen = 0.0.0.0:443', 'tls-cert = /etc/latchkey/tls/fullchain.pem', 'tls-key = /etc/latchkey/tls/privkey.pem', 'sandbox = on');
    certificate('three');
    machine.dropIn(block('\\[Service\\]'));
    machine.run('systemctl restart latchkey');
    assert.equal(served(443), 'three');
    assert.deepEqual(machine.confinement(), { CapPrm: NO_CAPABILITY, CapEff: NO_CAPABILITY, CapAmb: NO_CAPABILITY, NoNewPrivs: '1', Seccomp: '2' });
    machine.dropIn('');
  });

  it('serves on a Unix socket in its own directory, which a kill does not leave behind', () => {
    machine.settings('listen = unix:/run/latchkey/latchkey.sock');
    machine.run('systemctl restart latchkey');
    const ask = 'curl -s --unix-socket /run/latchkey/latchkey.sock http://latchkey/healthz';
    assert.equal(machine.run(ask).trim(), 'ok');
    machine.run(`kill -9 ${machine.show('MainPID')}`);
    machine.until(ask, 'ok');
    machine.run('systemctl stop latchkey && test ! -e /run/latchkey');
  });

  it('fails where it is seen when its settings, its key or its data are wrong', () => {
    const fails = (reason) => {
      machine.run('systemctl start latchkey', { status: 1 });
      machine.run('systemctl stop latchkey');
      assert.match(machine.journal().slice(-1000), reason);
    };
    machine.settings('bogus = 1');
    fails(/latchkey\.conf line 1: unknown setting "bogus"/);
    machine.settings();
    machine.run('mv /etc/latchkey/master.key /root');
    fails(/status=243\/CREDENTIALS/);
    machine.run('mv /root/master.key /etc/latchkey && mv /var/lib/latchkey /var/lib/latchkey.older');
    fails(/\/var\/lib\/latchkey is not a Latchkey data directory .*: run latchkey init/);
  });
});
