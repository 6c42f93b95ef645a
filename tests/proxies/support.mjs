// The real gateways from the distribution, each configured by the very file under docs/gateways that users copy, with other ports.
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import crypto from 'node:crypto';
import fs from 'node:fs';
import http from 'node:http';
import path from 'node:path';
import { httpRequest, ROOT, sleep, SLOW, temporaryDirectory } from '../api/support/server.mjs';

process.setMaxListeners(50); // each server, gateway and directory here has one that ends it

/** The documented file `name` with some of its text replaced; each piece must be there, or the file no longer is what is tried here. */
export function documented(name, replacements) {
  let text = fs.readFileSync(path.join(ROOT, 'docs/gateways', name), 'utf8');
  for (const [from, to] of replacements) {
    assert.ok(text.includes(from), `docs/gateways/${name} has no "${from}"`);
    text = text.replaceAll(from, to);
  }
  return text;
}

/** The head that accepts a WebSocket (RFC 6455), or whatever else a client wants to change to. */
function switchHead({ upgrade, 'sec-websocket-key': key }) {
  const accept = crypto.createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64');
  return `HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: ${upgrade}\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`;
}

/** A service that says what reached it, and counts: requests and connections. It opens every tunnel that it is asked for, says its request there, and keeps what comes through. */
export async function startService(port) {
  const service = { requests: 0, connections: 0, tunnelled: '' };
  service.http = http.createServer({ keepAliveTimeout: 60000, maxHeaderSize: 1 << 20 }, (request, response) => {
    service.requests += 1;
    const pieces = [];
    request.on('data', (piece) => pieces.push(piece));
    request.on('end', () => {
      const { method, url, headers, rawHeaders } = request;
      if (url === '/forbidden') response.statusCode = 403;
      response.end(JSON.stringify({ method, url, headers, rawHeaders, body: Buffer.concat(pieces).toString() }));
    });
  });
  service.http.on('connection', () => (service.connections += 1));
  const tunnel = (socket, head, request) => {
    socket.on('error', () => {});
    socket.on('data', (bytes) => (service.tunnelled += bytes));
    socket.write(`${head}${JSON.stringify(request.headers)}`);
    setTimeout(() => socket.destroy(), 500 * SLOW).unref();
  };
  service.http.on('upgrade', (request, socket) => tunnel(socket, switchHead(request.headers), request));
  service.http.on('connect', (request, socket) => tunnel(socket, 'HTTP/1.1 200 OK\r\n\r\n', request));
  service.stop = () => {
    service.http.closeAllConnections();
    service.http.close();
  };
  await new Promise((resolve) => service.http.listen(port, '127.0.0.1', resolve));
  service.http.unref(); // a failed test must not keep the process waiting
  return service;
}

/** Starts a gateway in the foreground and waits until it answers. */
async function start(command, args, port, env = {}) {
  const gateway = { output: '' };
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, ...env }, detached: true });
  // Its workers, too: nginx's would go on serving without their master.
  const kill = () => child.exitCode ?? child.signalCode ?? process.kill(-child.pid, 'SIGKILL');
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (text) => (gateway.output += text));
    stream.unref();
  }
  child.unref();
  process.on('exit', kill);
  const ended = new Promise((resolve) => child.on('exit', resolve));
  gateway.stop = async () => {
    child.ref();
    kill();
    await ended;
  };
  for (let i = 0; i < 500 * SLOW && child.exitCode === null; i++) {
    try {
      await httpRequest(port, { timeout: 5000 * SLOW });
      return gateway;
    } catch {
      await sleep(20);
    }
  }
  throw new Error(`${command} does not answer:\n${gateway.output}`);
}

/** changes: further [from, to] of the documented file; of HAProxy's two, haproxy.cfg. */
export function startNginx(ports, changes = []) {
  const directory = temporaryDirectory();
  const site = documented('nginx.conf', [
    ...changes,
    ['127.0.0.1:5390', `127.0.0.1:${ports.latchkey}`],
    ['127.0.0.1:8080', `127.0.0.1:${ports.service}`],
    ['listen 80;', `listen 127.0.0.1:${ports.gateway};`],
  ]);
  const places = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((name) => `${name}_temp_path ${directory}/${name};`).join(' ');
  const user = process.getuid() === 0 ? 'user root;' : '';
  const file = path.join(directory, 'nginx.conf');
  fs.writeFileSync(file, `${user} daemon off; worker_processes 1; pid ${directory}/pid; error_log stderr;\nevents {}\nhttp { access_log off; ${places}\n${site}\n}\n`);
  return start('/usr/sbin/nginx', ['-p', directory, '-c', file, '-e', 'stderr'], ports.gateway);
}

function startCaddy(ports, changes = []) {
  const directory = temporaryDirectory();
  const site = documented('Caddyfile', [
    ...changes,
    ['127.0.0.1:5390', `127.0.0.1:${ports.latchkey}`],
    ['127.0.0.1:8080', `127.0.0.1:${ports.service}`],
    ['http://:80 {', `http://:${ports.gateway} {\n\tbind 127.0.0.1`],
  ]);
  const file = path.join(directory, 'Caddyfile');
  fs.writeFileSync(file, `{\n\tadmin off\n}\n${site}`);
  return start('caddy', ['run', '--config', file, '--adapter', 'caddyfile'], ports.gateway, { HOME: directory, XDG_DATA_HOME: directory, XDG_CONFIG_HOME: directory });
}

function startHaproxy(ports, changes = []) {
  const directory = temporaryDirectory();
  const script = path.join(directory, 'latchkey.lua');
  fs.writeFileSync(script, documented('haproxy.lua', [['127.0.0.1:5390', `127.0.0.1:${ports.latchkey}`]]));
  const file = path.join(directory, 'haproxy.cfg');
  fs.writeFileSync(file, documented('haproxy.cfg', [
    ...changes,
    ['/etc/haproxy/latchkey.lua', script],
    ['127.0.0.1:8080', `127.0.0.1:${ports.service}`],
    ['bind :80', `bind 127.0.0.1:${ports.gateway}`],
  ]));
  return start('/usr/sbin/haproxy', ['-db', '-f', file], ports.gateway);
}

/**
 * webSockets: they pass. http2: its port without TLS takes HTTP/2. fieldMax: a field or a query string of so many bytes passes. expression: what stands in the
 * file for the question, and how to write another one there. tellsRates: allowed requests are answered with the RateLimit fields too. downStatus: what a client
 * gets when there is no answer from Latchkey. rateStatus: the --auth-rate-status that the file is for.
 */
export const GATEWAYS = [
  {
    name: 'nginx',
    probe: ['/usr/sbin/nginx', '-v'],
    start: startNginx,
    expression: { of: '/require/invoices.read', to: (text) => `/require/${encodeURIComponent(text)}` },
    webSockets: false,
    fieldMax: 7000,
    tellsRates: true,
    downStatus: 500,
    rateStatus: '403',
  },
  {
    name: 'Caddy',
    probe: ['caddy', 'version'],
    start: startCaddy,
    expression: { of: '/v1/auth/require/invoices.read?', to: (text) => `"/v1/auth/require/${text}?"` },
    webSockets: true,
    fieldMax: 40000,
    tellsRates: false,
    downStatus: 502,
    rateStatus: '429',
  },
  {
    name: 'HAProxy',
    probe: ['/usr/sbin/haproxy', '-v'],
    start: startHaproxy,
    expression: { of: 'lua.latchkey invoices.read', to: (text) => `lua.latchkey ${encodeURIComponent(text)}` },
    webSockets: true,
    http2: true,
    fieldMax: 40000,
    tellsRates: true,
    downStatus: 503,
    rateStatus: '403',
  },
];

/** Why a gateway's tests are left out; false when they are not. */
export function absent(gateway) {
  return spawnSync(gateway.probe[0], gateway.probe.slice(1)).status === 0 ? false : `${gateway.name} is not installed`;
}
