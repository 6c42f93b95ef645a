// A small seeded generator of random numbers (mulberry32), so that every case can be had again from its seed.
export class Random {
  constructor(seed) {
    this.state = seed >>> 0;
  }

  // A number from 0 up to but without 1.
  next() {
    this.state = (this.state + 0x6d2b79f5) >>> 0;
    let t = this.state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  }

  // An integer from 0 up to but without n.
  below(n) {
    return Math.floor(this.next() * n);
  }

  // An integer from low to high, both included.
  between(low, high) {
    return low + this.below(high - low + 1);
  }

  chance(probability) {
    return this.next() < probability;
  }

  pick(list) {
    return list[this.below(list.length)];
  }

  // At most count different members, in the list's order.
  sample(list, count) {
    const left = [...list];
    const taken = new Set();
    while (left.length > 0 && taken.size < count) taken.add(left.splice(this.below(left.length), 1)[0]);
    return list.filter((member) => taken.has(member));
  }
}
