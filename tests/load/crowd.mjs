// A child process: a crowd of connections that behave in one way, until the parent disconnects. Messages: 'ready' when the crowd stands, and an
// answer {open, ...} to each message.
import http2 from 'node:http2';
import net from 'node:net';

const { kind, port, key, count, address = '127.0.0.1' } = JSON.parse(process.argv[2]);
const AUTH = `GET /v1/auth HTTP/1.1\r\nhost: x\r\nx-api-key: ${key}\r\n\r\n`;
// How many connections are opened in a turn, and how often: the queue of a listener is finite.
const STEP = 100;
const PAUSE_MS = 5;

const state = { open: 0, opened: 0, answered: 0, ended: 0 };

/** A connection that counts; `behave` is called when it stands. */
function connect(behave) {
  const socket = net.connect({ port, host: '127.0.0.1', localAddress: address, noDelay: true });
  socket.on('connect', () => {
    state.open += 1;
    state.opened += 1;
    socket.on('close', () => {
      state.open -= 1;
      state.ended += 1;
    });
    behave(socket);
  });
  socket.on('error', () => {});
  return socket;
}

/** The same again when the server has ended it: an attacker does not give up. */
function again(behave) {
  connect(behave).on('close', () => setTimeout(() => again(behave), 20));
}

const BEHAVIOURS = {
  /** Asks once and then says nothing. */
  idle: (socket) => {
    socket.on('data', () => (state.answered += 1));
    socket.write(AUTH);
  },
  /** Asks twice a second. */
  busy: (socket) => {
    socket.on('data', () => (state.answered += 1));
    const timer = setInterval(() => socket.write(AUTH), 500);
    socket.on('close', () => clearInterval(timer));
  },
  /** A header whose bytes come one by one. */
  slowloris: (socket) => {
    socket.on('data', () => {});
    socket.write('GET /v1/auth HTTP/1.1\r\nhost: x\r\n');
    const timer = setInterval(() => socket.write('x'), 200);
    socket.on('close', () => clearInterval(timer));
  },
  /** Header fields without end. */
  headers: (socket) => {
    socket.on('data', () => {});
    const field = `x-flood: ${'y'.repeat(900)}\r\n`;
    socket.write('GET /v1/auth HTTP/1.1\r\nhost: x\r\n');
    const timer = setInterval(() => socket.write(field), 2);
    socket.on('close', () => clearInterval(timer));
  },
  /** Requests as fast as the socket takes them; answers are read. */
  pipeline: (socket) => {
    socket.on('data', () => (state.answered += 1));
    const many = AUTH.repeat(64);
    const timer = setInterval(() => socket.writableNeedDrain || socket.write(many), 10);
    socket.on('close', () => clearInterval(timer));
  },
  /** The same, but no answer is ever read. */
  deaf: (socket) => {
    socket.pause();
    const many = AUTH.repeat(64);
    const timer = setInterval(() => socket.writableNeedDrain || socket.write(many), 10);
    socket.on('close', () => clearInterval(timer));
  },
  /** Bodies that never end, where anybody may send one. */
  bodies: (socket) => {
    socket.on('data', () => (state.answered += 1));
    socket.write('POST /gateway/api/graphql-api HTTP/1.1\r\nhost: x\r\ncontent-type: application/x-www-form-urlencoded\r\ncontent-length: 1900000\r\n\r\n');
    socket.write(Buffer.alloc(1800000, 'x'));
  },
  /** Connections that end at once. */
  churn: (socket) => socket.destroy(),
};

/** HTTP/2 streams that are opened and reset. */
function rapidReset() {
  const session = http2.connect(`http://127.0.0.1:${port}`, { localAddress: address });
  const timer = setInterval(() => {
    for (let i = 0; i < 10 && !session.closed && !session.destroyed; i++) {
      const stream = session.request({ ':path': '/v1/auth', 'x-api-key': key });
      stream.on('error', () => {});
      stream.close(http2.constants.NGHTTP2_CANCEL);
    }
  }, 5);
  session.on('goaway', () => session.destroy());
  session.on('error', () => {});
  session.on('close', () => {
    clearInterval(timer);
    state.ended += 1;
    setTimeout(rapidReset, 20);
  });
}

let begun = 0;
const timer = setInterval(() => {
  for (let i = 0; i < STEP && begun < count; i++, begun++) {
    if (kind === 'reset') rapidReset();
    else if (kind === 'idle') connect(BEHAVIOURS.idle);
    else again(BEHAVIOURS[kind]);
  }
  if (begun < count) return;
  clearInterval(timer);
  process.send('ready');
}, PAUSE_MS);

process.on('message', () => process.send(state));
process.on('disconnect', () => process.exit());
