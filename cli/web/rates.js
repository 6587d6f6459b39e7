// Figures become rates: what happened per second between two answers, kept for the last minutes.

export const SAMPLES = 120;

/** A line begins with half a minute of room, which grows. */
export const room = (values) => Math.max(30, values.length);

const sum = (loops, read) => {
  const numbers = loops.map(read).filter((n) => typeof n === 'number');
  return numbers.length ? numbers.reduce((a, b) => a + b, 0) : undefined;
};

/** What a loop measures of itself; all other histograms are of one kind of operation each. */
const OWN = new Set(['turn', 'slice', 'delay']);

function operations(loop) {
  const kinds = Object.entries(loop).filter(([name, value]) => value?.p99 !== undefined && !OWN.has(name));
  return kinds.length ? kinds.reduce((all, [, { count }]) => all + count, 0) : undefined;
}

/** What the strip shows, as far as the program tells it. `counter`: it only grows, and its growth per second is shown. */
export const METRICS = [
  { name: 'tasks', label: 'Tasks', read: (loops) => sum(loops, (loop) => loop.task_count) },
  { name: 'ready', label: 'Ready', read: (loops) => sum(loops, (loop) => loop.ready) },
  { name: 'in_flight', label: 'In flight', read: (loops) => sum(loops, (loop) => loop.in_flight) },
  { name: 'turns', label: 'Turns', counter: true, read: (loops) => sum(loops, (loop) => loop.turns) },
  { name: 'slices', label: 'Slices', counter: true, read: (loops) => sum(loops, (loop) => loop.slices) },
  { name: 'wakes', label: 'Wakes', counter: true, read: (loops) => sum(loops, (loop) => loop.wakes) },
  { name: 'cancelled', label: 'Cancelled', counter: true, read: (loops) => sum(loops, (loop) => loop.cancelled?.reduce((all, { count }) => all + count, 0)) },
  { name: 'io', label: 'I/O', counter: true, read: (loops) => sum(loops, operations) },
];

export class Rates {
  constructor() {
    this.series = new Map(METRICS.map(({ name }) => [name, []]));
    this.before = null;
    this.loops = new Map();
  }

  /** Takes an answer of /v1/figures. */
  add(figures) {
    const seconds = this.before ? (figures.uptime_ns - this.before.uptime) / 1e9 : 0;
    const now = {};
    // A loop that is blocked is read from outside, where not all is to be had: its last figures count.
    const loops = figures.loops.map((loop) => ((loop.blocked_for_ns || loop.is_read === false) && this.loops.get(loop.loop)) || loop);
    this.loops = new Map(loops.map((loop) => [loop.loop, loop]));
    for (const { name, counter, read } of METRICS) {
      now[name] = read(loops);
      let value = now[name];
      if (counter) {
        const last = this.before?.values[name];
        // A loop that has ended takes its counts with it: no rate for that moment.
        value = seconds > 0 && last !== undefined && now[name] >= last ? (now[name] - last) / seconds : undefined;
      }
      const series = this.series.get(name);
      series.push(value ?? null);
      if (series.length > SAMPLES) series.shift();
    }
    this.before = { uptime: figures.uptime_ns, values: now };
  }

  latest(name) { return this.series.get(name).at(-1) ?? undefined; }
}
