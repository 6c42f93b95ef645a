/** Everything (LATCHKEY_FAULT=full: an hour), or what CI has time for: each kind of fault, at some of the places where it could strike. */
export const FULL = process.env.LATCHKEY_FAULT === 'full';

process.setMaxListeners(0); // a server each round has its listener for the end of the process

/** 1 to last, all of them or about `count` that are spread over them. */
export function places(last, count) {
  const step = FULL ? 1 : Math.max(1, Math.floor(last / count));
  return Array.from({ length: Math.ceil(last / step) }, (_, i) => 1 + i * step);
}

/** A line for docs/reliability.md, when asked for; the model's figures begin anew. */
export function report(what, figuresOf, model = {}) {
  const { acknowledged = 0, refused = 0, unanswered = 0, checked = 0 } = model;
  const figures = Object.entries({ ...figuresOf, acknowledged, refused, unanswered, checked }).filter(([, value]) => value > 0);
  if (process.env.LATCHKEY_FAULT_REPORT) process.stderr.write(`${what}: ${figures.map(([name, value]) => `${value} ${name}`).join(', ')}\n`);
  Object.assign(model, { acknowledged: 0, refused: 0, unanswered: 0, checked: 0 });
}
