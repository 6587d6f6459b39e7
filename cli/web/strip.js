// The strip of sparklines above everything.

import { el, setText, svg } from './dom.js';
import { compact } from './format.js';
import { METRICS, room } from './rates.js';

const WIDTH = 120;
const HEIGHT = 28;

/** The path of a line through `values`, newest at the right; gaps where there is none. */
export function line(values, highest, width = WIDTH, height = HEIGHT) {
  const step = width / (room(values) - 1);
  const left = width - (values.length - 1) * step;
  let path = '';
  let pen = 'M';
  values.forEach((value, i) => {
    if (value === null) { pen = 'M'; return; }
    const y = height - 1.5 - (highest > 0 ? value / highest : 0) * (height - 3);
    path += `${pen}${(left + i * step).toFixed(1)} ${y.toFixed(1)}`;
    pen = 'L';
  });
  return path;
}

function area(values, path) {
  const first = values.findIndex((value) => value !== null);
  if (first < 0) return '';
  const x = WIDTH - (values.length - 1 - first) * (WIDTH / (room(values) - 1));
  return `${path.replaceAll('M', 'L').replace('L', 'M')}L${WIDTH} ${HEIGHT}L${x.toFixed(1)} ${HEIGHT}Z`;
}

class Meter {
  constructor(metric) {
    this.metric = metric;
    this.value = el('span', { class: 'meter-value', id: `meter-${metric.name}` }, '—');
    this.hint = el('span', { class: 'meter-hint' });
    this.area = svg('path', { class: 'spark-area' });
    this.line = svg('path', { class: 'spark-line' });
    this.cursor = svg('line', { class: 'spark-cursor', y1: 0, y2: HEIGHT, visibility: 'hidden' });
    const chart = svg('svg', { class: 'spark', viewBox: `0 0 ${WIDTH} ${HEIGHT}`, preserveAspectRatio: 'none', 'aria-hidden': 'true' }, this.area, this.line, this.cursor);
    this.node = el('div', { class: 'meter', onpointermove: (event) => this.point(event), onpointerleave: () => this.leave() },
      el('div', { class: 'meter-head' }, el('span', { class: 'meter-label' }, metric.label), this.hint),
      el('div', { class: 'meter-body' }, el('span', { class: 'meter-figure' }, this.value, metric.counter ? el('span', { class: 'unit' }, '/s') : null), chart));
    this.chart = chart;
    this.values = [];
    this.at = null;
  }

  show(values) {
    this.values = values;
    const known = values.filter((value) => value !== null);
    this.node.hidden = known.length === 0 && values.length > 3;
    const highest = Math.max(...known, this.metric.counter ? 0 : 1);
    const path = line(values, highest);
    this.line.setAttribute('d', path);
    this.area.setAttribute('d', area(values, path));
    this.highest = known.length ? highest : undefined;
    this.say();
  }

  say() {
    const past = this.at !== null && this.values[this.at] !== undefined;
    setText(this.value, compact(past ? this.values[this.at] : this.values.at(-1)));
    setText(this.hint, past ? `${this.values.length - 1 - this.at} s ago` : this.highest === undefined ? '' : `max ${compact(this.highest)}`);
  }

  point(event) {
    const box = this.chart.getBoundingClientRect();
    const x = Math.min(1, Math.max(0, (event.clientX - box.left) / box.width));
    const at = Math.round(x * (room(this.values) - 1)) - (room(this.values) - this.values.length);
    this.at = at >= 0 ? at : null;
    this.cursor.setAttribute('visibility', this.at === null ? 'hidden' : 'visible');
    this.cursor.setAttribute('x1', x * WIDTH);
    this.cursor.setAttribute('x2', x * WIDTH);
    this.say();
  }

  leave() {
    this.at = null;
    this.cursor.setAttribute('visibility', 'hidden');
    this.say();
  }
}

export class Strip {
  constructor(node) {
    this.meters = METRICS.map((metric) => new Meter(metric));
    node.replaceChildren(...this.meters.map((meter) => meter.node));
  }

  show(rates) {
    for (const meter of this.meters) meter.show(rates.series.get(meter.metric.name));
  }
}
