// The walk of tests/api/model.test.mjs with a clock that leaps: keys expire, old secrets end and credits are refilled, while the server runs and while it is down.
// MODEL_SEED=N tries another walk, MODEL_STEPS=N a longer one.
import { describe, it } from 'node:test';
import { Walk } from '../api/support/model_walk.mjs';
import { noShim, Shim } from './support/shim.mjs';

const SEEDS = process.env.MODEL_SEED ? [Number(process.env.MODEL_SEED)] : [1, 2];
const STEPS = Number(process.env.MODEL_STEPS ?? 72);

describe('what the documents promise', { skip: noShim }, () => {
  for (const seed of SEEDS) {
    it(`is what a server does as time passes (seed ${seed})`, async (t) => {
      const walk = new Walk(seed, STEPS, (data) => new Shim(data));
      await walk.run();
      walk.clock.close();
      t.diagnostic(`${walk.changes} changes; ${JSON.stringify(walk.seen)}`);
    });
  }
});
