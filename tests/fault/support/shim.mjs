// Steers tests/fault/shim.c, which is preloaded into the server: the two share a page, a file that both have mapped or open.
import fs from 'node:fs';
import path from 'node:path';
import { BINARY, temporaryDirectory } from '../../api/support/server.mjs';

const LIBRARY = path.join(path.dirname(BINARY), 'tests/libfaultshim.so');
const PAGE = 4096;

// As struct control has them.
const SLOTS = ['ready', 'ioAction', 'ioMask', 'ioAt', 'ioSticky', 'ioCount', 'ioFaults', 'wallOffset', 'memAt', 'memClasses', 'memCount', 'memFaults', 'seed'];

export const ACTIONS = { none: 0, kill: 1, eio: 2, enospc: 3, short: 4, power: 5, shortKill: 6 };
export const OPERATIONS = { write: 1, sync: 2, truncate: 4, name: 8, all: 15 };
export const THREADS = { io: 1, store: 2, other: 4, main: 8 };

/** Why the library cannot be used here, or false. */
export const noShim = fs.existsSync(LIBRARY) ? false : `${LIBRARY} is not built (a sanitizer's build has none)`;

export class Shim {
  constructor(data) {
    this.data = data;
    this.file = path.join(temporaryDirectory(), 'control');
    fs.writeFileSync(this.file, Buffer.alloc(PAGE));
    this.fd = fs.openSync(this.file, 'r+');
  }

  /** For Server.start. */
  get env() {
    return { LD_PRELOAD: LIBRARY, LK_SHIM_CONTROL: this.file, LK_SHIM_DIR: this.data };
  }

  set(slot, value) {
    const bytes = Buffer.alloc(8);
    bytes.writeBigInt64LE(BigInt(value));
    fs.writeSync(this.fd, bytes, 0, 8, SLOTS.indexOf(slot) * 8);
  }

  get(slot) {
    const bytes = Buffer.alloc(8);
    fs.readSync(this.fd, bytes, 0, 8, SLOTS.indexOf(slot) * 8);
    return Number(bytes.readBigInt64LE());
  }

  /** The action at the Nth of these operations from now on (sticky: at each from there on). */
  armIo(action, at, { mask = OPERATIONS.all, sticky = false, seed = 0 } = {}) {
    this.set('ioAt', 0);
    this.set('ioCount', 0);
    this.set('ioFaults', 0);
    this.set('ioMask', mask);
    this.set('ioSticky', sticky ? 1 : 0);
    this.set('seed', seed);
    this.set('ioAction', ACTIONS[action]);
    this.set('ioAt', at);
  }

  disarmIo() {
    this.set('ioAt', 0);
    this.set('ioAction', 0);
  }

  /** The Nth allocation from now on of threads of these classes fails. */
  armMemory(at, classes) {
    this.set('memAt', 0);
    this.set('memCount', 0);
    this.set('memFaults', 0);
    this.set('memClasses', classes);
    this.set('memAt', at);
  }

  disarmMemory() {
    this.set('memAt', 0);
  }

  /** The server's wall clock is so far from the real one. */
  setClock(milliseconds) {
    this.set('wallOffset', BigInt(Math.round(milliseconds)) * 1000000n);
  }

  close() {
    fs.closeSync(this.fd);
  }
}
