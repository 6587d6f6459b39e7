// Deadlocks: tasks that wait for each other, drawn as a circle; and without one, who holds up whom.

import { el, empty, svg } from './dom.js';
import { count, plural } from './format.js';
import { ask } from './inspector.js';

const CARD = { width: 196, height: 58 };

const cut = (text, most) => (text.length > most ? `${text.slice(0, most - 1)}…` : text);

/** Where the cards stand: around a circle if there is room, else one below the other. */
function places(n, width) {
  if (n === 2 && width >= 2 * CARD.width + 220) {
    const half = Math.min(330, width / 2 - CARD.width / 2 - 8);
    return { height: 240, ring: true, at: [{ x: width / 2 - half, y: 120 }, { x: width / 2 + half, y: 120 }] };
  }
  const radius = Math.max(150, (n * (CARD.width + 60)) / (2 * Math.PI));
  const wide = Math.min(radius * 1.35, width / 2 - CARD.width / 2 - 12);
  if (n <= 2 || n > 10 || wide < radius * 0.85) {
    return { height: n * 118 + 40, ring: false, at: Array.from({ length: n }, (_, i) => ({ x: width / 2 + 16, y: 45 + i * 118 })) };
  }
  return {
    height: radius * 2 + CARD.height + 40, ring: true,
    at: Array.from({ length: n }, (_, i) => {
      const angle = (2 * Math.PI * i) / n - Math.PI / 2;
      return { x: width / 2 + wide * Math.cos(angle), y: radius + CARD.height / 2 + 20 + radius * Math.sin(angle) };
    }),
  };
}

/** Where a line from the middle of a card towards a point leaves the card. */
function border(from, towards, gap = 5) {
  const dx = towards.x - from.x;
  const dy = towards.y - from.y;
  const scale = Math.min((CARD.width / 2 + gap) / Math.abs(dx || 1e-9), (CARD.height / 2 + gap) / Math.abs(dy || 1e-9));
  return { x: from.x + dx * scale, y: from.y + dy * scale };
}

const point = ({ x, y }) => `${x.toFixed(1)} ${y.toFixed(1)}`;

/** A place for a label beside the middle of a curve, on its outer side. */
function beside(begin, control, end, out) {
  const x = begin.x / 4 + control.x / 2 + end.x / 4 + out.x * 12;
  const y = begin.y / 4 + control.y / 2 + end.y / 4 + out.y * 14 + 4;
  return { x, y, anchor: out.x > 0.3 ? 'start' : out.x < -0.3 ? 'end' : 'middle' };
}

/** The line of one edge, and where its label stands. */
function route(from, to, layout, i, width) {
  const n = layout.at.length;
  if (!layout.ring) {
    if (i < n - 1) {
      const begin = { x: from.x, y: from.y + CARD.height / 2 + 4 };
      const end = { x: to.x, y: to.y - CARD.height / 2 - 6 };
      return { path: `M${point(begin)}L${point(end)}`, label: { x: from.x + 10, y: (begin.y + end.y) / 2 + 4, anchor: 'start' } };
    }
    const side = Math.max(8, from.x - CARD.width / 2 - 34);
    const begin = { x: from.x - CARD.width / 2 - 4, y: from.y };
    const end = { x: to.x - CARD.width / 2 - 6, y: to.y };
    return { path: `M${point(begin)}C${side} ${from.y} ${side} ${from.y} ${side} ${from.y - 30}L${side} ${to.y + 30}C${side} ${to.y} ${side} ${to.y} ${point(end)}`, label: { x: from.x - CARD.width / 2, y: from.y + CARD.height / 2 + 20, anchor: 'start' } };
  }
  const middle = { x: (from.x + to.x) / 2, y: (from.y + to.y) / 2 };
  const centre = { x: width / 2, y: layout.at.reduce((sum, { y }) => sum + y, 0) / n };
  const away = n === 2 ? { x: 0, y: i === 0 ? -1 : 1 } : { x: middle.x - centre.x, y: middle.y - centre.y };
  const length = Math.hypot(away.x, away.y) || 1;
  const bend = n === 2 ? 120 : 34;
  const control = { x: middle.x + (away.x / length) * bend, y: middle.y + (away.y / length) * bend };
  const begin = n === 2 ? { x: from.x + (to.x > from.x ? 1 : -1) * CARD.width * 0.28, y: from.y + away.y * (CARD.height / 2 + 4) } : border(from, control);
  const end = n === 2 ? { x: to.x + (from.x > to.x ? 1 : -1) * CARD.width * 0.28, y: to.y + away.y * (CARD.height / 2 + 6) } : border(to, control, 7);
  return { path: `M${point(begin)}Q${point(control)} ${point(end)}`, label: n === 2 ? { x: middle.x, y: middle.y + (i === 0 ? -86 : 96), anchor: 'middle' } : beside(begin, control, end, { x: away.x / length, y: away.y / length }) };
}

function drawing(ring, width, onselect) {
  const layout = places(ring.nodes.length, width);
  const labels = [];
  const lines = ring.edges.map((edge, i) => {
    const { path, label } = route(layout.at[i], layout.at[(i + 1) % layout.at.length], layout, i, width);
    labels.push(svg('text', { class: 'edge-text', x: label.x, y: label.y, 'text-anchor': label.anchor }, cut(edge.what, 34)));
    return svg('path', { class: 'edge', d: path, 'marker-end': 'url(#arrow)' });
  });
  const cards = ring.nodes.map((task, i) => {
    const { x, y } = layout.at[i];
    const go = () => onselect(task.id);
    return svg('g', {
      class: 'node', tabindex: 0, role: 'button', 'aria-label': `${task.title} at ${task.place}`, transform: `translate(${(x - CARD.width / 2).toFixed(1)} ${(y - CARD.height / 2).toFixed(1)})`,
      onclick: go, onkeydown: (event) => { if (event.key === 'Enter' || event.key === ' ') { event.preventDefault(); go(); } },
    },
    svg('rect', { width: CARD.width, height: CARD.height, rx: 7 }),
    svg('text', { class: 'node-title', x: 14, y: 24 }, cut(task.title, 24)),
    svg('text', { class: 'node-place', x: 14, y: 43 }, cut(`${task.function ? `${task.function} ` : ''}${task.place}`, 26)),
    svg('title', {}, `${task.title}, ${task.function} ${task.place}`));
  });
  return svg('svg', { class: 'graph', width, height: layout.height, viewBox: `0 0 ${width} ${layout.height}`, role: 'group', 'aria-label': 'Who waits for whom' },
    svg('defs', {}, svg('marker', { id: 'arrow', viewBox: '0 0 10 10', refX: 8, refY: 5, markerWidth: 8, markerHeight: 8, orient: 'auto' }, svg('path', { class: 'arrow', d: 'M0 1L9 5L0 9z' }))),
    lines, labels, cards);
}

export class WaitsView {
  constructor(node, { onselect }) {
    this.onselect = onselect;
    this.content = el('div', { class: 'content' });
    node.append(this.content);
    new ResizeObserver(() => { if (this.graph && this.width !== this.content.clientWidth) this.draw(); }).observe(this.content);
  }

  async renew() {
    const graph = await ask('graph');
    const news = JSON.stringify(graph, (key, value) => (key === 'age' ? undefined : value));
    if (news === this.news) return;
    this.news = news;
    this.graph = graph;
    this.draw();
  }

  link(task) { return el('button', { type: 'button', class: 'link', onclick: () => this.onselect(task.id) }, task.title); }

  draw() {
    this.width = this.content.clientWidth;
    if (!this.width) return;
    const { rings, held } = this.graph;
    this.content.replaceChildren(
      ...(rings.length ? rings.map((ring) => this.ring(ring)) : [empty('No deadlock', 'No task waits, directly or through others, for itself. Locks, readers and writers, single permits, joins and groups are looked at.')]),
      ...(held.length ? [el('h2', { class: 'section-title' }, 'Who holds up others'), this.held(held)] : []));
  }

  ring(ring) {
    const { limit } = ring;
    const titles = new Map(ring.nodes.map((task) => [task.id, task]));
    return el('article', { class: 'card ring' },
      el('header', {},
        el('h2', {}, limit ? `${plural(ring.nodes.length, 'task')} wait for each other, for now` : `Deadlock: ${plural(ring.nodes.length, 'task')} ${ring.nodes.length === 1 ? 'waits for itself' : 'wait for each other'}`),
        el('p', { class: 'note' }, limit ? `'${limit.title}' ${limit.text}.` : 'None of them can go on unless one is cancelled.')),
      el('div', { class: 'graph-frame' }, drawing(ring, Math.min(this.width - 34, 1000), this.onselect)),
      el('ol', { class: 'sentences' }, ring.edges.map((edge) => el('li', {},
        this.link(titles.get(edge.from)), ' waits for ', el('strong', {}, edge.what), edge.kind === 'join' || edge.kind === 'group' ? ': ' : ', which is held by ', this.link(titles.get(edge.to)),
        el('span', { class: 'where' }, titles.get(edge.from).place)))),
      ring.size > ring.nodes.length ? el('p', { class: 'note' }, `${count(ring.size)} tasks are entangled in all; this is the shortest way around.`) : null,
      ring.behindCount ? el('div', {}, el('h3', {}, `Stuck behind them: ${plural(ring.behindCount, 'task')}`),
        el('ul', { class: 'links' }, ring.behind.map((task) => el('li', {}, this.link(task), el('span', { class: 'where' }, task.place))), ring.behindCount > ring.behind.length ? el('li', { class: 'aside' }, `and ${count(ring.behindCount - ring.behind.length)} more`) : null)) : null);
  }

  held(tasks) {
    const most = Math.max(...tasks.map(({ all }) => all));
    return el('div', { class: 'table-wrap' }, el('table', { class: 'figures' },
      el('thead', {}, el('tr', {}, el('th', { scope: 'col' }, 'task'), el('th', { scope: 'col' }, 'holds'), el('th', { scope: 'col' }, 'and does'), el('th', { scope: 'col', class: 'right' }, 'wait for it'), el('th', { scope: 'col', class: 'right' }, 'held up in all'))),
      el('tbody', {}, tasks.map((task) => el('tr', {},
        el('td', {}, this.link(task), el('span', { class: 'where' }, task.place)), el('td', {}, task.what.join(', ')), el('td', {}, task.wait ? `waits on ${task.wait}` : task.state),
        el('td', { class: 'right' }, count(task.direct)),
        el('td', { class: 'right' }, el('span', { class: 'amount', style: { '--part': task.all / most } }, count(task.all))))))));
  }
}

