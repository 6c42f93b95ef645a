// A child process: asks /v1/auth at a fixed rate over keep-alive connections and measures from when each request was due, not from when it could be
// sent, so a server that stalls is charged for every request that had to wait (no coordinated omission). Each message asks for a report:
// {count, failed, p50, p99, max} in milliseconds of what was due since the last one.
import net from 'node:net';

const { port, key, rate, connections } = JSON.parse(process.argv[2]);
const REQUEST = `GET /v1/auth HTTP/1.1\r\nhost: x\r\nx-api-key: ${key}\r\n\r\n`;

let latencies = [];
let failed = 0;

/** One connection: requests go out one after another, answers come in order. */
class Line {
  due = []; // when each request on its way was due
  waiting = []; // due but not sent
  text = '';

  constructor() {
    this.open();
  }

  open() {
    this.socket = net.connect({ port, host: '127.0.0.1', localAddress: '127.0.0.1', noDelay: true });
    this.socket.on('data', (piece) => this.take(piece));
    this.socket.on('error', () => {});
    this.socket.on('close', () => {
      failed += this.due.length;
      this.due = [];
      this.text = '';
      setTimeout(() => this.open(), 50);
    });
    this.socket.on('connect', () => this.next());
  }

  ask(at) {
    this.waiting.push(at);
    this.next();
  }

  next() {
    if (this.due.length > 0 || this.waiting.length === 0 || this.socket.readyState !== 'open') return;
    this.due.push(this.waiting.shift());
    this.socket.write(REQUEST);
  }

  take(piece) {
    this.text += piece.toString('latin1');
    const end = this.text.indexOf('\r\n\r\n');
    if (end < 0) return;
    if (this.text.startsWith('HTTP/1.1 200 ')) latencies.push(performance.now() - this.due.shift());
    else {
      failed += 1;
      this.due.shift();
    }
    this.text = this.text.slice(end + 4);
    this.next();
  }
}

const lines = Array.from({ length: connections }, () => new Line());
const started = performance.now();
let asked = 0;
setInterval(() => {
  const now = performance.now();
  for (; started + (asked * 1000) / rate <= now; asked++) lines[asked % lines.length].ask(started + (asked * 1000) / rate);
}, 1);

process.on('message', () => {
  const sorted = latencies.sort((a, b) => a - b);
  const at = (share) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))];
  process.send({ count: sorted.length, failed, p50: at(0.5), p99: at(0.99), max: sorted.at(-1) });
  latencies = [];
  failed = 0;
});
process.on('disconnect', () => process.exit());
process.send('ready');
