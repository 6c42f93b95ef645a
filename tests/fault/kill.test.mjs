// kill -9 under concurrent writers, again and again on one data directory, and a torn log afterwards.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { describe, it } from 'node:test';
import { init, Server, SLOW, sleep, temporaryDirectory } from '../api/support/server.mjs';
import { FULL, report } from './support/extent.mjs';
import { checkOffline, Model } from './support/model.mjs';
import { makeGroups, write } from './support/writers.mjs';

const ROUNDS = Number(process.env.LATCHKEY_KILL_ROUNDS ?? (FULL ? 200 : 20));
const TORN_ROUNDS = FULL ? 60 : 8;
const WRITERS = 16;

/** Lets writers loose on a server for a while, kills it under them, and waits until all know. */
async function killUnderWriters(server, model, groups, milliseconds) {
  let killed = false;
  const writers = Array.from({ length: WRITERS }, (_, i) => write(server, model, groups, { isOver: () => killed, owner: i === 0 }));
  await sleep(milliseconds * SLOW);
  killed = true;
  await server.kill();
  await Promise.all(writers);
}

describe('kill -9 under writers', () => {
  it(`${ROUNDS} rounds lose nothing that was acknowledged`, { timeout: 1200000 * SLOW }, async () => {
    const data = path.join(temporaryDirectory(), 'data');
    const account = init(data);
    const model = new Model();
    let groups;
    for (let round = 0; round < ROUNDS; round++) {
      const server = await Server.start(data, account);
      await model.check(server);
      groups ??= await makeGroups(server, model);
      await killUnderWriters(server, model, groups, 50 + Math.random() * 350);
      checkOffline(data);
    }
    const server = await Server.start(data, account);
    await model.check(server);
    await server.stop();
    checkOffline(data);
    assert.ok(model.acknowledged > ROUNDS * WRITERS && model.unanswered > ROUNDS, 'too little happened');
    report('kill -9', { rounds: ROUNDS }, model);
  });
});

/*
 * The tail of the log after the last sync may be anything after a power failure. What was acknowledged lies before it, and a torn frame must neither be
 * believed nor hide what comes before. Here the tail is what nobody was told of: nothing is written to the log after the last acknowledged commit.
 */
describe('a torn log', () => {
  it(`is read up to its last whole transaction, ${TORN_ROUNDS} times`, { timeout: 600000 * SLOW }, async () => {
    const data = path.join(temporaryDirectory(), 'data');
    const account = init(data);
    const log = path.join(data, 'latchkey.db-wal');
    const model = new Model();
    let groups;
    for (let round = 0; round < TORN_ROUNDS; round++) {
      let server = await Server.start(data, account);
      await model.check(server);
      groups ??= await makeGroups(server, model);
      await model.createKey(server, { groups });
      const acknowledged = fs.statSync(log).size;
      // One more, which the power failure meets before its sync: nobody is to be told, so nobody is asked.
      const doubtful = { kind: 'key', origin: `key-doubtful-${round}`, value: null };
      const value = { name: doubtful.origin, noted: doubtful.origin, enabled: true, groups: [] };
      const metadata = [{ key: 'name', value: doubtful.origin }, { key: 'origin', value: doubtful.origin }];
      await model.change(server, doubtful, value, 'createKey', { accountId: account.accountId, name: doubtful.origin, metadata, userGroupIds: [] });
      Object.assign(doubtful, { value: null, pending: { value } });
      await server.kill();
      const end = fs.statSync(log).size;
      assert.ok(end > acknowledged, 'the log grew by the last change');
      const at = acknowledged + Math.floor(Math.random() * (end - acknowledged));
      if (round % 3 === 0) {
        fs.truncateSync(log, at);
      } else {
        const bytes = round % 3 === 1 ? Buffer.alloc(end - at) : Buffer.from(Array.from({ length: Math.min(end - at, 64) }, () => Math.floor(Math.random() * 256)));
        const fd = fs.openSync(log, 'r+');
        fs.writeSync(fd, bytes, 0, bytes.length, at);
        fs.closeSync(fd);
      }
      server = await Server.start(data, account);
      await model.check(server);
      await (round % 2 === 0 ? server.stop() : server.kill());
      checkOffline(data);
    }
    report('torn log', { rounds: TORN_ROUNDS }, model);
  });
});
