// Drives the real binary: a data directory and a server of its own for each suite, stopped cleanly at its end.
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import http from 'node:http';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { freePorts } from './ports.mjs';

export const ROOT = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../../..');
export const BINARY = process.env.LATCHKEY_BINARY ?? path.join(ROOT, 'build/latchkey');

/** Factor for all time limits: sanitizers and valgrind are slow. */
export const SLOW = Number(process.env.LATCHKEY_SLOW ?? 1);

const SANITIZER_REPORT = /(ERROR|WARNING): (Address|Leak|Thread|Undefined\w*)Sanitizer|runtime error:|SUMMARY: \w+Sanitizer/;

export function sleep(milliseconds) {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

/** A new directory that does not outlive the process. */
export function temporaryDirectory() {
  const directory = fs.mkdtempSync(path.join(os.tmpdir(), 'latchkey-test-'));
  process.on('exit', () => fs.rmSync(directory, { recursive: true, force: true }));
  return directory;
}

/** How many descriptors a server's process has; 0 for whoever may not look into it, which is everybody but root. */
export function descriptorsOf({ pid }) {
  return process.getuid() === 0 ? fs.readdirSync(`/proc/${pid}/fd`).length : 0;
}

/** Runs the binary to its end: {status, stdout, stderr}. */
export function run(args, options = {}) {
  const done = spawnSync(BINARY, args, { encoding: 'utf8', timeout: 60000 * SLOW, input: '', ...options });
  assert.equal(done.error, undefined, `cannot run ${BINARY}: ${done.error}`);
  assert.doesNotMatch(done.stderr, SANITIZER_REPORT);
  return { status: done.status, signal: done.signal, stdout: done.stdout, stderr: done.stderr };
}

/** Makes a data directory with `init`; what `init --json` printed. */
export function init(data, args = []) {
  const done = run(['init', '--data', data, '--json', ...args]);
  assert.equal(done.status, 0, `init failed: ${done.stderr}`);
  return JSON.parse(done.stdout);
}

/** Runs SQL on the database of a server that is down: what it prints. */
export function sqlite(data, sql) {
  const done = spawnSync('sqlite3', [path.join(data, 'latchkey.db'), sql], { encoding: 'utf8' });
  assert.equal(done.status, 0, `${done.stderr}${done.error ?? ''}`);
  return done.stdout.trim();
}

/** One HTTP request; no connection is kept. {status, headers, text, body: Buffer}. */
export function httpRequest(port, { method = 'GET', path: target = '/', headers = {}, body, agent = false, timeout = 30000 * SLOW } = {}) {
  return new Promise((resolve, reject) => {
    const request = http.request({ host: '127.0.0.1', port, method, path: target, headers, agent, timeout }, (response) => {
      const pieces = [];
      response.on('data', (piece) => pieces.push(piece));
      response.on('error', reject);
      response.on('end', () => {
        const bytes = Buffer.concat(pieces);
        resolve({ status: response.statusCode, headers: response.headers, body: bytes, text: bytes.toString() });
      });
    });
    request.on('timeout', () => request.destroy(new Error(`no answer from ${method} ${target} in ${timeout} ms`)));
    request.on('error', reject);
    request.end(body);
  });
}

/** Sends bytes as they are and collects what comes back until the server closes, `until` says it is enough, or the time is up. {text, closed}. */
export function rawExchange(port, pieces, { timeout = 3000 * SLOW, until = () => false, end = false, pause = 0 } = {}) {
  return new Promise((resolve) => {
    const socket = net.connect(port, '127.0.0.1');
    const received = [];
    let closed = false;
    const finish = () => {
      clearTimeout(timer);
      socket.destroy();
      resolve({ text: Buffer.concat(received).toString('latin1'), closed });
    };
    const timer = setTimeout(finish, timeout);
    socket.setNoDelay(true);
    socket.on('connect', async () => {
      for (const piece of [pieces].flat()) {
        if (socket.destroyed) return;
        socket.write(piece);
        if (pause) await sleep(pause);
      }
      if (end) socket.end();
    });
    socket.on('data', (piece) => {
      received.push(piece);
      if (until(Buffer.concat(received).toString('latin1'))) finish();
    });
    socket.on('end', () => {
      closed = true;
      finish();
    });
    socket.on('error', () => {
      closed = true;
      finish();
    });
  });
}

export class Server {
  /** Starts `serve` on a directory that `init` made. `account` is what init printed; `tls`: args make the main listener speak TLS. */
  static async start(data, account, options = {}) {
    for (let tries = 0; ; tries++) {
      try {
        return await Server.startOnce(data, account, options);
      } catch (error) {
        // Somebody else has taken the free port meanwhile.
        if (tries === 3 || !/another program does already/.test(error.message)) throw error;
      }
    }
  }

  static async startOnce(data, account, { args = [], env = {}, wrapper = [], tls = false } = {}) {
    const server = new Server();
    server.data = data;
    server.account = account;
    [server.port, server.opsPort] = await freePorts(2);
    server.url = `${tls ? 'https' : 'http'}://127.0.0.1:${server.port}`;
    server.healthPort = tls ? server.opsPort : server.port;
    server.stderr = '';
    server.stdout = '';
    const command = [...wrapper, BINARY, 'serve', '--data', data, '--listen', `127.0.0.1:${server.port}`];
    server.process = spawn(command[0], [...command.slice(1), '--ops-listen', `127.0.0.1:${server.opsPort}`, ...args], {
      env: { ...(SLOW > 1 ? { LATCHKEY_GRAPHQL_TIME: `${2 * SLOW}s` } : {}), ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    server.process.stderr.on('data', (text) => (server.stderr += text));
    server.process.stdout.on('data', (text) => (server.stdout += text));
    // A failed test may leave its server running: that must neither keep the test process waiting nor outlive it.
    for (const handle of server.handles()) handle.unref();
    process.on('exit', () => server.exit ?? server.process.kill('SIGKILL'));
    server.exited = new Promise((resolve) => {
      // Not at its exit: what it said last may still be in the pipe.
      server.process.on('close', (status, signal) => {
        server.exit = { status, signal };
        resolve(server.exit);
      });
    });
    await server.waitHealthy();
    return server;
  }

  /** A server on a new directory. */
  static async fresh(options = {}) {
    const data = path.join(temporaryDirectory(), 'data');
    const account = init(data, options.initArgs);
    return Server.start(data, account, options);
  }

  handles() {
    return [this.process, this.process.stdout, this.process.stderr];
  }

  /** How it ended, once it has, all that it said included. */
  async ended() {
    for (const handle of this.handles()) handle.ref();
    return this.exited;
  }

  async waitHealthy() {
    const deadline = Date.now() + 20000 * SLOW;
    while (Date.now() < deadline) {
      if (this.exit) throw new Error(`the server ended with ${JSON.stringify(this.exit)}:\n${this.stderr}`);
      try {
        const answer = await httpRequest(this.healthPort, { path: '/healthz', timeout: 1000 * SLOW });
        if (answer.status === 200) return;
      } catch {
        // not yet
      }
      await sleep(20);
    }
    this.process.kill('SIGKILL');
    throw new Error(`the server is not healthy after ${20 * SLOW} s:\n${this.stderr}`);
  }

  /** Ends it with SIGTERM and checks that it ended well. */
  async stop() {
    if (!this.exit) this.process.kill('SIGTERM');
    const timer = setTimeout(() => this.process.kill('SIGABRT'), 30000 * SLOW);
    const { status, signal } = await this.ended();
    clearTimeout(timer);
    assert.doesNotMatch(this.stderr, SANITIZER_REPORT);
    assert.deepEqual({ status, signal }, { status: 0, signal: null }, `the server did not end well:\n${this.stderr}`);
  }

  /** Ends it at once, and checks that it had not ended by itself. */
  async kill() {
    this.process.kill('SIGKILL');
    assert.deepEqual(await this.ended(), { status: null, signal: 'SIGKILL' }, `the server ended before it was killed:\n${this.stderr}`);
    assert.doesNotMatch(this.stderr, SANITIZER_REPORT);
  }

  request(options) {
    return httpRequest(this.port, options);
  }

  raw(pieces, options) {
    return rawExchange(this.port, pieces, options);
  }

  /** POSTs a GraphQL request with the key that init made, or another, or none (null). Adds `json` to the answer. */
  async graphql(query, variables, { key = this.account.apiKey, path: target = '/graphql', headers = {}, agent, ...rest } = {}) {
    const answer = await this.request({
      method: 'POST',
      path: target,
      headers: { 'content-type': 'application/json', ...(key === null ? {} : { 'x-api-key': key }), ...headers },
      body: JSON.stringify({ query, variables, ...rest }),
      agent,
    });
    return { ...answer, json: answer.text === '' ? undefined : JSON.parse(answer.text) };
  }

  /** What `/v1/keys:verify` answers the key that init made about another one. */
  async verify(key, body = {}) {
    const answer = await this.request({
      method: 'POST',
      path: '/v1/keys:verify',
      headers: { 'x-api-key': this.account.apiKey, 'content-type': 'application/json' },
      body: JSON.stringify({ key, ...body }),
    });
    return JSON.parse(answer.text);
  }

  /** The data of a request that must succeed. */
  async query(query, variables, options) {
    const answer = await this.graphql(query, variables, options);
    assert.equal(answer.status, 200, answer.text);
    assert.equal(answer.json.errors, undefined, answer.text);
    return answer.json.data;
  }

  /** The only error of a request that must fail, with its HTTP status. */
  async error(query, variables, options) {
    const answer = await this.graphql(query, variables, options);
    assert.ok(Array.isArray(answer.json.errors), `no errors in ${answer.text}`);
    assert.equal(answer.json.errors.length, 1, answer.text);
    return { status: answer.status, data: answer.json.data, ...answer.json.errors[0], code: answer.json.errors[0].extensions?.code };
  }

  /** Creates a group that gives these account permissions, and what else of permissions is named; its id. */
  async createGroup(name, accountPermissionTypes = [], more = {}) {
    const input = { name, permissions: { accountPermissions: { accountPermissionTypes }, ...more } };
    return (await this.query(CREATE_GROUP, { input })).createUserGroup.userGroup.id;
  }

  async groupId(name) {
    const { userGroupByName } = await this.query('query ($name: String!) { userGroupByName(name: $name) { id } }', { name });
    return userGroupByName.id;
  }

  /** Creates a key, in Account Administrator unless other groups are given; {uuid, key, name}. */
  async createKey(name, userGroupIds = [this.account.userGroupId], options) {
    const input = { accountId: this.account.accountId, name, userGroupIds };
    return (await this.query(CREATE_WITH_KEY, { input }, options)).createApiKey;
  }

  /** What forward auth says of a key. */
  async code(key, { agent, headers = {} } = {}) {
    const answer = await this.request({ path: '/v1/auth', headers: { 'x-api-key': key, ...headers }, agent });
    return answer.headers['x-latchkey-code'];
  }

  /** Whether a key is accepted. */
  async accepts(key) {
    const answer = await this.graphql('{ viewer { apiKey { id } } }', undefined, { key });
    if (answer.status === 200 && answer.json.errors === undefined) return true;
    assert.equal(answer.status, 401, answer.text);
    return false;
  }

  /** All names of keys, page by page. */
  async keyNames() {
    const names = [];
    for (;;) {
      const query = 'query ($offset: Int) { apiKeys(limit: 100, offset: $offset) { pageInfo { hasMore } nodes { name } } }';
      const { apiKeys } = await this.query(query, { offset: names.length });
      names.push(...apiKeys.nodes.map((node) => node.name));
      if (!apiKeys.pageInfo.hasMore) return names;
    }
  }
}

export const PATHS = (accountId) => ['/graphql', '/api/graphql', `/api/graphql?accountId=${accountId}`, `/gateway/api/graphql?accountId=${accountId}`];

// The three documents as the reference gives them.
export const CREATE = 'mutation ($input: CreateApiKeyInput!) { createApiKey(input: $input) { name clientMutationId uuid } }';
export const UPDATE = 'mutation($input: UpdateApiKeyInput!){ updateApiKey(input: $input){ clientMutationId name uuid } }';
export const DELETE = 'mutation ($input: DeleteApiKeyInput!) { deleteApiKey(input: $input) { clientMutationId } }';

export const CREATE_WITH_KEY = 'mutation ($input: CreateApiKeyInput!) { createApiKey(input: $input) { uuid name key } }';

const CREATE_GROUP = 'mutation ($input: CreateUserGroupInput!) { createUserGroup(input: $input) { userGroup { id } } }';

/** 22 base64url characters whose last carries only two bits. */
export const ID = /^[A-Za-z0-9_-]{21}[AQgw]$/;
export const TOKEN = /^lk_[0-9A-Za-z]{71}$/;
/** An id that belongs to nothing. */
export const UNKNOWN_ID = 'AAAAAAAAAAAAAAAAAAAAAA';
