// The command line at a terminal, and with standard streams that are not as usual.
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { commandsOf } from './support/command.mjs';
import { BINARY, run, Server, SLOW, temporaryDirectory, TOKEN } from './support/server.mjs';

let server;
before(async () => (server = await Server.fresh()));
after(() => server.stop());

const { environment, print, json, refuse, shell } = commandsOf(() => server);

describe('at a terminal', { skip: spawnSync('script', ['--version']).error ? 'script is not installed' : false }, () => {
  /** Runs a command line with a terminal around it, and types. */
  const atTerminal = (command, typed = '', columns = 60) => {
    const done = spawnSync('script', ['-qec', `stty -echo cols ${columns}; "${BINARY}" ${command}`, '/dev/null'], { input: typed, encoding: 'utf8', env: environment(), timeout: 30000 * SLOW });
    return { status: done.status, text: done.stdout.replaceAll('\r', '') };
  };

  it('deletions ask first', () => {
    const { id } = json('group', 'create', 'asked for');
    const no = atTerminal("group delete 'asked for'", 'n\n');
    assert.equal(no.status, 1);
    assert.match(no.text, new RegExp(`Delete the user group asked for \\(${id}\\)\\?.*\\[y/N\\]`));
    assert.equal(json('group', 'get', 'asked for').id, id);
    assert.equal(atTerminal("group delete 'asked for'", 'y\n').status, 0);
    refuse(1, 'group', 'get', 'asked for');
    json('group', 'create', 'not asked for');
    assert.equal(atTerminal("group delete 'not asked for' --yes").status, 0);
  });

  it('an answer, however long, is one to one question', () => {
    for (const name of ['first', 'second']) json('group', 'create', name);
    const done = atTerminal('group delete first second', `${'y'.repeat(40)}\nn\n`);
    assert.equal(done.status, 1, done.text);
    refuse(1, 'group', 'get', 'first');
    json('group', 'get', 'second');
  });

  it('who gives up at the question for a key gets a terminal that shows what is typed', async () => {
    const script = spawn('script', ['-qec', `stty echo; trap : INT; "${BINARY}" key check; stty -a`, '/dev/null'], { env: environment({ LATCHKEY_KEY: undefined }) });
    let text = '';
    script.stdout.on('data', (more) => {
      if (!text.includes('Key to check: ') && `${text}${more}`.includes('Key to check: ')) setTimeout(() => script.stdin.write('\x03'), 200);
      text += more;
    });
    await once(script, 'close');
    assert.match(text, /[ ;]echo /);
  });

  it('tables are as wide as the terminal', () => {
    const description = 'word '.repeat(40).trim();
    json('group', 'create', 'described', '--description', description);
    const lines = atTerminal('group list').text.trimEnd().split('\n');
    for (const line of lines) assert.ok([...line].length <= 60, line);
    assert.ok(lines.some((line) => line.includes('word') && line.endsWith('…')), lines.join('\n'));
    assert.ok(print('group', 'list').includes(description), 'cut though it is no terminal');
    print('group', 'delete', 'described');
  });

  it('a long name does not widen the table of a terminal that says no width', () => {
    const name = 'n'.repeat(255);
    json('key', 'create', name);
    const lines = atTerminal('key list', '', 0).text.trimEnd().split('\n');
    for (const line of lines) assert.ok([...line].length <= 80, line);
    assert.ok(lines.some((line) => / n+… /.test(line)), lines.join('\n'));
    assert.ok(print('key', 'list').includes(name), 'cut though it is no terminal');
    print('key', 'delete', name);
  });
});

describe('a standard output that does not wait', () => {
  it('gets all of what is printed', () => {
    const program = 'import fcntl,os,subprocess,sys,time\nr,w=os.pipe()\nfcntl.fcntl(w,1031,4096)\nos.set_blocking(w,False)\np=subprocess.Popen(sys.argv[1:],stdout=w)\nos.close(w)\ntime.sleep(0.3)\nsys.stdout.write(os.fdopen(r).read())\nsys.exit(p.wait())';
    const done = spawnSync('python3', ['-c', program, BINARY, 'manual'], { encoding: 'utf8' });
    assert.deepEqual([done.status, done.stderr], [0, '']);
    assert.equal(done.stdout, run(['manual']).stdout);
  });
});

describe('a standard stream that is closed', () => {
  it('is not mistaken for the file that is opened next', () => {
    const data = path.join(temporaryDirectory(), 'data');
    assert.equal(shell('exec "$0" init --data "$1" <&- >&- 2>&-', [data]).status, 1);
    assert.deepEqual(fs.readdirSync(data), ['lock']);
    assert.match(fs.readFileSync(path.join(data, 'lock'), 'utf8'), /^\d+\n$/);
  });

  it('is an error, which says how to see the key that is there all the same', () => {
    for (const [args, name] of [['key create unseen', 'unseen'], ['key rotate unseen', 'unseen']]) {
      const done = shell(`exec "$0" ${args} >&-`);
      assert.equal(done.status, 1);
      const [, id] = done.stderr.match(/^latchkey: Cannot write to standard output: Bad file descriptor\nThe key has its secret all the same: `latchkey key reveal (\S+)` shows it\.\n$/);
      assert.equal(json('key', 'get', name).id, id);
      assert.match(json('key', 'reveal', id).key, TOKEN);
    }
    print('key', 'delete', 'unseen');
  });

  it('is an error, which says what is deleted all the same', () => {
    const [first] = ['first', 'second'].map((name) => json('key', 'create', name).apiKey.id);
    const done = shell('exec "$0" key delete first second >&-');
    assert.deepEqual([done.status, done.stderr], [1, `latchkey: Cannot write to standard output: Bad file descriptor. Deleted the API key first (${first}).\n`]);
    assert.equal(json('key', 'list', '--name', 'first').length, 0);
    print('key', 'delete', 'second');
  });
});
