// Flame charts, the root on top: where tasks wait, and where they run.

import { el, empty, segments, setText } from './dom.js';
import { count, duration, share } from './format.js';
import { ask } from './inspector.js';

const ROW = 22;
const THINNEST = 2.5;  // px

/** A colour for a frame: what runs is warm, what waits is cool; neighbours differ, the same name is always the same. */
function shade(name) {
  let hash = 0;
  for (let i = 0; i < name.length; i++) hash = (Math.imul(hash, 31) + name.charCodeAt(i)) | 0;
  return Math.abs(hash) % 6;
}

export class FlameView {
  constructor(node) {
    this.kind = 'waiting';
    this.path = [];
    this.search = el('input', { type: 'search', class: 'search', placeholder: 'Mark frames', 'aria-label': 'Mark frames', autocomplete: 'off', spellcheck: 'false', oninput: () => this.draw() });
    this.reset = el('button', { type: 'button', class: 'button', hidden: true, onclick: () => { this.path = []; this.draw(); } }, 'Whole chart');
    this.source = el('p', { class: 'note', role: 'status' });
    this.hint = el('p', { class: 'chart-hint flame-hint' });
    this.chart = el('div', { class: 'flame', role: 'tree', 'aria-label': 'Flame chart', onkeydown: (event) => this.key(event) });
    node.append(
      el('div', { class: 'bar' },
        segments('What', [['waiting', 'Waiting'], ['running', 'Running']], 'waiting', (kind) => { this.kind = kind; this.path = []; this.tree = null; this.renew(); }).node,
        this.search, this.reset),
      this.source, this.chart, this.hint);
    new ResizeObserver(() => { if (this.width !== this.chart.clientWidth) this.draw(); }).observe(this.chart);
  }

  /** @param recorder 'on', 'off' if it has recorded before, or null. */
  async renew({ recorder = this.recorder, seconds = 10 } = {}) {
    this.recorder = recorder;
    const kind = this.kind;
    let tree = null;
    if (recorder) {
      try {
        tree = { ...(await ask('folded', { kind, seconds: recorder === 'on' ? seconds : null })), unit: 'time' };
      } catch (error) {
        if (error.kind !== 'missing') throw error;
      }
    }
    tree ??= { ...(await ask('flame', { kind })), unit: 'tasks' };
    if (kind !== this.kind) return;
    this.tree = tree;
    setText(this.source, tree.unit === 'time'
      ? recorder === 'on' ? `Recorded: where the last ${seconds} s of all tasks went.` : 'Recorded until it was switched off: where the time of all tasks went.'
      : 'One moment: how many tasks are where. Switch the recorder on for where the time goes.');
    this.draw();
  }

  amount(value) { return this.tree.unit === 'time' ? duration(value) : `${count(Math.max(1, value))} ${Math.round(value) === 1 ? 'task' : 'tasks'}`; }

  draw() {
    const tree = this.tree;
    this.width = this.chart.clientWidth;
    if (!tree || !this.width) return;
    const focused = this.chart.contains(document.activeElement) ? document.activeElement.dataset.path : null;
    // Zoomed in, the way down stays in sight, as wide as the chart.
    const zoomed = [];
    let at = tree;
    for (const name of this.path) {
      const next = at.children.find((child) => child.name === name);
      if (!next) break;
      zoomed.push(at);
      at = next;
    }
    this.path.length = zoomed.length;
    this.reset.hidden = zoomed.length === 0;
    const wanted = this.search.value.trim().toLowerCase();
    const boxes = [];
    let deepest = 0;
    let marked = 0;
    const place = (node, left, width, depth, path, counted) => {
      const hit = wanted !== '' && node.name.toLowerCase().includes(wanted);
      if (hit && !counted) marked += node.value;
      deepest = Math.max(deepest, depth);
      boxes.push({ node, left, width, depth, path, hit });
      let x = left;
      for (const child of node.children) {
        const part = (child.value / node.value) * width;
        if (part >= THINNEST) place(child, x, part, depth + 1, [...path, child.name], counted || hit);
        x += part;
      }
    };
    zoomed.forEach((node, depth) => boxes.push({ node, left: 0, width: this.width, depth, path: this.path.slice(0, depth), above: true }));
    if (at.value > 0) place(at, 0, this.width, zoomed.length, [...this.path], false);
    if (boxes.length === 0) {
      this.chart.replaceChildren(empty(this.kind === 'waiting' ? 'No task waits.' : 'No task runs, or is ready to.'));
      this.chart.style.height = '';
      this.hint.textContent = '';
      return;
    }
    this.boxes = boxes;
    this.chart.style.height = `${(Math.max(deepest, zoomed.length) + 1) * ROW}px`;
    this.chart.replaceChildren(...boxes.map((box) => this.box(box, at, wanted)));
    const again = focused && this.chart.querySelector(`[data-path="${CSS.escape(focused)}"]`);
    if (again) again.focus();
    this.base = at;
    this.marked = wanted ? `${share(marked, at.value)} of it is marked` : null;
    this.say();
  }

  box({ node, left, width, depth, path, above, hit }, base, wanted) {
    const name = node.name === 'all' && depth === 0 ? `all: ${this.amount(node.value)}` : node.name;
    const leaf = node.name.startsWith('waits on ');
    const classes = ['frame', `${this.kind}-${shade(node.name)}`, leaf ? 'leaf' : '', above ? 'above' : '', hit ? 'hit' : wanted ? 'dim' : ''];
    return el('button', {
      type: 'button', class: classes.filter(Boolean).join(' '), role: 'treeitem', 'aria-level': depth + 1, tabindex: depth === 0 ? 0 : -1,
      'aria-label': `${name}, ${this.amount(node.value)}, ${share(node.value, base.value)}`, data: { path: path.join(';') },
      style: { left: `${left}px`, width: `${Math.max(1, width - 1)}px`, top: `${depth * ROW}px` },
      onclick: () => { this.path = [...path]; this.draw(); },
      onpointerenter: () => this.say(node), onfocus: () => this.say(node), onpointerleave: () => this.say(),
    }, width > 28 ? el('span', {}, name) : null);
  }

  say(node) {
    setText(this.hint, node ? `${node.name}: ${this.amount(node.value)}, ${share(node.value, this.base.value)} of what is shown` : this.marked ?? `${this.amount(this.base.value)} in all. Click a frame to see it alone.`);
  }

  key(event) {
    const focused = this.chart.contains(document.activeElement) ? [...this.chart.children].indexOf(document.activeElement) : -1;
    const box = this.boxes?.[focused];
    if (!box) return;
    const middle = box.left + box.width / 2;
    const level = (depth) => this.boxes.filter((each) => each.depth === depth);
    const next = {
      ArrowDown: () => level(box.depth + 1).find((each) => each.left >= box.left - 1 && each.left < box.left + box.width),
      ArrowUp: () => level(box.depth - 1).find((each) => each.left <= middle && middle <= each.left + each.width),
      ArrowRight: () => level(box.depth).find((each) => each.left > box.left),
      ArrowLeft: () => level(box.depth).findLast((each) => each.left < box.left),
    }[event.key]?.();
    if (!next) return;
    event.preventDefault();
    this.chart.children[this.boxes.indexOf(next)].focus();
  }
}
