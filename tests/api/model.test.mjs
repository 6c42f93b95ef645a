// Random changes, and what the documents promise after each of them: support/model_walk.mjs. MODEL_SEED=N tries another walk, MODEL_STEPS=N a longer one.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Walk } from './support/model_walk.mjs';

const SEEDS = process.env.MODEL_SEED ? [Number(process.env.MODEL_SEED)] : [4, 6];
const STEPS = Number(process.env.MODEL_STEPS ?? 80);

describe('what the documents promise', () => {
  for (const seed of SEEDS) {
    it(`is what a server does, whatever is changed (seed ${seed})`, async (t) => {
      const walk = new Walk(seed, STEPS);
      await walk.run();
      t.diagnostic(`${walk.changes} changes; ${JSON.stringify(walk.seen)}`);
      if (!process.env.MODEL_SEED) assert.equal(Object.keys(walk.seen).length, 9, 'a walk that is fixed meets every verdict');
    });
  }
});
