// How long it all takes: a chart for each histogram of each loop, and the loops' figures as a table.

import { json } from './api.js';
import { el, empty, segments, svg } from './dom.js';
import { compact, count, duration, share } from './format.js';
import { figuresOf, lower, since } from './histograms.js';

const HEIGHT = 150;
const BASE = 22;  // px below the bars, for the axis
const KEPT = 31;  // answers, two seconds apart: a minute

const WHAT = {
  turn: ['Turn', 'of the loop: events, timers, and all that was ready'],
  slice: ['Slice', 'what a task does between two waits'],
  delay: ['Delay', 'from a wake-up to the task’s turn'],
};
/** io_receive: Receive */
function nameOf(name) {
  const plain = name.replace(/^io_/, '');
  return plain[0].toUpperCase() + plain.slice(1);
}

const MARKS = [['p50', 'p50'], ['p90', 'p90'], ['p99', 'p99'], ['longest', 'max']];

/** What there is a chart for. */
const shownOf = (loop) => loop.histograms.filter(({ count: n }) => n > 0);

class Chart {
  constructor(name) {
    const [title, text] = WHAT[name] ?? [nameOf(name), 'from the request to its answer'];
    this.figures = el('dl', { class: 'marks' });
    this.hint = el('p', { class: 'chart-hint' });
    this.chart = svg('svg', { class: 'bars', height: HEIGHT, role: 'img' });
    this.node = el('article', { class: 'card', data: { histogram: name } },
      el('header', {}, el('h3', {}, title), el('p', { class: 'note' }, text)), this.figures,
      this.chart, this.hint);
    this.chart.addEventListener('pointermove', (event) => this.point(event));
    this.chart.addEventListener('pointerleave', () => this.say());
    new ResizeObserver(() => this.draw()).observe(this.chart);
  }

  show(histogram, logarithmic) {
    this.logarithmic = logarithmic;
    this.histogram = histogram;
    const figures = figuresOf(histogram);
    this.marks = figures;
    this.figures.replaceChildren(...MARKS.map(([name, text]) =>
      el('div', { class: `mark ${name}` }, el('dt', {}, text), el('dd', {}, histogram.count ? duration(figures[name]) : '—'))));
    this.chart.setAttribute('aria-label', `${count(histogram.count)} measured: half within ${duration(figures.p50)}, 99 % within ${duration(figures.p99)}, longest ${duration(figures.longest)}`);
    this.say();
    this.draw();
  }

  say(bucket) {
    const { count: all = 0, buckets = [] } = this.histogram ?? {};
    if (!bucket) { this.hint.textContent = all ? `${count(all)} measured` : 'nothing measured'; return; }
    const below = buckets.reduce((sum, { upto_ns, count: n }) => sum + (upto_ns <= bucket.upto_ns ? n : 0), 0);
    this.hint.textContent = `${duration(lower(bucket.upto_ns))} to ${duration(bucket.upto_ns)}: ${count(bucket.count)} (${share(bucket.count, all)}), ${share(below, all)} within`;
  }

  draw() {
    const width = this.chart.clientWidth;
    const buckets = this.histogram?.buckets ?? [];
    if (!width) return;
    if (buckets.length === 0) { this.chart.replaceChildren(); return; }
    const first = Math.max(1, lower(buckets[0].upto_ns));
    const last = Math.max(buckets.at(-1).upto_ns, this.marks.longest, first * 4);
    const from = Math.log2(first) - 0.2;
    const to = Math.log2(last) + 0.2;
    const x = (ns) => ((Math.log2(Math.max(ns, first)) - from) / (to - from)) * width;
    const most = Math.max(...buckets.map(({ count: n }) => n));
    const scale = (n) => (this.logarithmic ? Math.log1p(n) / Math.log1p(most) : n / most) * (HEIGHT - BASE - 14);
    const foot = HEIGHT - BASE;
    this.x = x;
    const bars = buckets.map((bucket) => {
      const left = x(lower(bucket.upto_ns));
      const height = Math.max(1.5, scale(bucket.count));
      return svg('rect', { class: lower(bucket.upto_ns) >= this.marks.p99 ? 'bar tail' : 'bar', x: left.toFixed(1), width: Math.max(1.5, x(bucket.upto_ns) - left - 0.75).toFixed(1), y: (foot - height).toFixed(1), height: height.toFixed(1) });
    });
    const ticks = [];
    const step = Math.max(1, Math.ceil((to - from) / Math.log2(10) / (width / 74)));
    for (let power = Math.ceil(from / Math.log2(10)); power <= to / Math.log2(10); power += step) {
      const at = x(10 ** power);
      ticks.push(svg('line', { class: 'tick', x1: at, x2: at, y1: 6, y2: foot + 4 }));
      if (at > 16 && at < width - 22) ticks.push(svg('text', { class: 'tick-text', x: at, y: HEIGHT - 6, 'text-anchor': 'middle' }, duration(10 ** power)));
    }
    const marks = MARKS.map(([name]) => svg('path', { class: `pointer ${name}`, d: `M${x(this.marks[name]).toFixed(1)} ${foot}v${-(foot - 6)}` }));
    const heights = [0.5, 1].map((part) => {
      const y = foot - part * (HEIGHT - BASE - 14);
      const n = this.logarithmic ? Math.expm1(part * Math.log1p(most)) : part * most;
      return { line: svg('line', { class: 'grid', x1: 0, x2: width, y1: y, y2: y }), text: svg('text', { class: 'tick-text', x: 2, y: y - 3 }, compact(Math.round(n))) };
    });
    // The numbers last: high bars at the left edge would hide them.
    this.chart.replaceChildren(...heights.map(({ line }) => line), ...ticks, svg('line', { class: 'axis', x1: 0, x2: width, y1: foot, y2: foot }), ...bars, ...marks, ...heights.map(({ text }) => text));
  }

  point(event) {
    const at = event.clientX - this.chart.getBoundingClientRect().left;
    const buckets = this.histogram?.buckets ?? [];
    const near = buckets.filter(({ upto_ns }) => this.x(lower(upto_ns)) <= at + 2 && at - 2 <= this.x(upto_ns));
    this.say(near[0]);
  }
}

export class FiguresView {
  constructor(node) {
    this.scale = 'log';
    this.span = 'all';
    this.history = [];
    this.charts = new Map();
    this.content = el('div', { class: 'content' });
    this.table = el('div', { class: 'table-wrap' });
    node.append(
      el('div', { class: 'bar' },
        segments('Over which time', [['all', 'Since the start'], ['minute', 'Last minute']], 'all', (span) => { this.span = span; this.draw(); }).node,
        segments('Scale of the counts', [['log', 'Logarithmic'], ['linear', 'Linear']], 'log', (scale) => { this.scale = scale; this.draw(); }).node),
      this.content, el('h2', { class: 'section-title' }, 'Loops'), this.table);
  }

  async renew() {
    const answer = await json('histograms');
    this.history.push(answer);
    if (this.history.length > KEPT) this.history.shift();
    this.draw();
  }

  draw() {
    const now = this.history.at(-1);
    if (!now) return;
    const then = this.span === 'minute' ? this.history[0] : null;
    const layout = now.loops.map((loop) => [loop.loop, shownOf(loop).map(({ name }) => name)]);
    if (JSON.stringify(layout) !== this.layout) this.arrange(layout);
    this.layout = JSON.stringify(layout);
    for (const loop of now.loops) {
      const before = then?.loops.find((each) => each.loop === loop.loop);
      for (const histogram of shownOf(loop)) {
        const old = then && before?.histograms.find(({ name }) => name === histogram.name);
        this.charts.get(`${loop.loop} ${histogram.name}`).show(then ? since(histogram, old) : histogram, this.scale === 'log');
      }
    }
  }

  arrange(layout) {
    this.charts.clear();
    const cards = layout.map(([loop, names]) => {
      const charts = names.map((name) => new Chart(name));
      names.forEach((name, i) => this.charts.set(`${loop} ${name}`, charts[i]));
      return [layout.length > 1 ? el('h2', { class: 'section-title' }, `Loop ${loop}`) : null, el('div', { class: 'cards' }, charts.map((chart) => chart.node))];
    });
    const none = layout.every(([, names]) => names.length === 0);
    this.content.replaceChildren(...(none ? [empty('Nothing is measured', 'The program runs with Timing::off, or measuring was switched off.')] : cards.flat().filter(Boolean)));
  }

  /** The table of loops, from /v1/figures. */
  showLoops(figures) {
    const columns = [['tasks', 'task_count'], ['ready', 'ready'], ['timers', 'timers'], ['in flight', 'in_flight'], ['turns', 'turns'], ['slices', 'slices'], ['errors not received', 'unreceived_errors']];
    this.table.replaceChildren(el('table', { class: 'figures' },
      el('thead', {}, el('tr', {}, el('th', { scope: 'col' }, 'loop'), el('th', { scope: 'col' }, 'backend'), columns.map(([text]) => el('th', { scope: 'col', class: 'right' }, text)), el('th', { scope: 'col', class: 'right' }, 'turn p99'), el('th', { scope: 'col', class: 'right' }, 'slice p99'))),
      el('tbody', {}, figures.loops.map((loop) => el('tr', {},
        el('th', { scope: 'row' }, String(loop.loop), loop.blocked_for_ns ? el('span', { class: 'tag bad' }, `blocked ${duration(loop.blocked_for_ns)}`) : null), el('td', {}, loop.backend),
        columns.map(([, name]) => el('td', { class: 'right' }, count(loop[name]))), el('td', { class: 'right' }, duration(loop.turn?.p99)), el('td', { class: 'right' }, duration(loop.slice?.p99)))))));
  }
}
