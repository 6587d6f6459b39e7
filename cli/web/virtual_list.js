// A list of any length: only the rows in sight exist.

import { el } from './dom.js';

const SPARE = 12;

export class VirtualList {
  /**
   * @param fetch (from, to) => Promise of {from, rows}; @param draw (row element, row or null, index); @param onopen (key) a row was
   * double clicked or confirmed; @param onselect (row); @param ontoggle (row).
   */
  constructor(node, { label, fetch, draw, onselect, ontoggle, onopen }) {
    Object.assign(this, { node, fetch, draw, onselect, ontoggle, onopen });
    this.total = 0;
    this.version = 0;
    this.selected = null;  // key
    this.cursor = -1;      // index
    this.cache = new Map();
    this.elements = new Map();
    this.space = el('div', { class: 'space', role: 'presentation' });
    node.append(this.space);
    for (const [name, value] of Object.entries({ role: 'treegrid', tabindex: '0', 'aria-label': label })) node.setAttribute(name, value);
    node.addEventListener('scroll', () => this.later(), { passive: true });
    node.addEventListener('keydown', (event) => this.key(event));
    node.addEventListener('click', (event) => this.click(event));
    node.addEventListener('dblclick', (event) => { if (this.rowAt(event)) this.onopen(this.selected); });
    new ResizeObserver(() => this.later()).observe(node);
  }

  get rowHeight() {
    return Number.parseFloat(getComputedStyle(this.node).getPropertyValue('--row')) || 26;
  }

  /** There are other rows now. */
  async renew(total) {
    this.total = total;
    this.version++;
    this.cache.clear();
    this.node.setAttribute('aria-rowcount', String(total));
    this.space.style.height = `${total * this.rowHeight}px`;
    await this.update();
  }

  later() {
    this.frame ??= requestAnimationFrame(() => { this.frame = null; this.update(); });
  }

  async update() {
    const height = this.rowHeight;
    const from = Math.max(0, Math.floor(this.node.scrollTop / height) - SPARE);
    const to = Math.min(this.total, Math.ceil((this.node.scrollTop + this.node.clientHeight) / height) + SPARE);
    const version = this.version;
    for (let i = from; i < to; i++) {
      if (this.cache.has(i)) continue;
      const { from: first, rows } = await this.fetch(from, to);
      if (version !== this.version) return;
      this.cache.clear();
      rows.forEach((row, k) => this.cache.set(first + k, row));
      break;
    }
    this.render(from, to, height);
  }

  render(from, to, height) {
    for (const [index, element] of this.elements) {
      if (index >= from && index < to) continue;
      element.remove();
      this.elements.delete(index);
    }
    for (let i = from; i < to; i++) {
      const row = this.cache.get(i);
      if (!row) continue;
      let element = this.elements.get(i);
      if (!element) {
        element = el('div', { class: 'row', role: 'row', id: `row-${i}`, style: { transform: `translateY(${i * height}px)` } });
        this.elements.set(i, element);
        this.space.append(element);
      }
      element.style.transform = `translateY(${i * height}px)`;
      if (row.key === this.selected) this.cursor = i;
      element.setAttribute('aria-rowindex', String(i + 1));
      element.setAttribute('aria-selected', String(row.key === this.selected));
      this.draw(element, row);
    }
    const active = this.elements.get(this.cursor);
    if (active && this.cache.get(this.cursor)?.key === this.selected) this.node.setAttribute('aria-activedescendant', active.id);
    else this.node.removeAttribute('aria-activedescendant');
  }

  /** Selects the row at an index and brings it into sight. */
  async go(index, { tell = true } = {}) {
    if (this.total === 0) return;
    const at = Math.min(this.total - 1, Math.max(0, index));
    const height = this.rowHeight;
    const top = at * height;
    if (top < this.node.scrollTop) this.node.scrollTop = top;
    else if (top + height > this.node.scrollTop + this.node.clientHeight) this.node.scrollTop = top + height - this.node.clientHeight;
    this.cursor = at;
    await this.update();
    const row = this.cache.get(at);
    if (!row) return;
    this.selected = row.key;
    this.render(...this.window(), height);
    if (tell) this.onselect(row);
  }

  window() {
    const keys = [...this.elements.keys()];
    return keys.length ? [Math.min(...keys), Math.max(...keys) + 1] : [0, 0];
  }

  rowAt(event) {
    const element = event.target.closest('.row');
    if (!element) return null;
    const index = Number(element.id.slice(4));
    return { index, row: this.cache.get(index) };
  }

  async click(event) {
    const hit = this.rowAt(event);
    if (!hit?.row) return;
    if (event.target.closest('.twist') && hit.row.open !== null) { this.ontoggle(hit.row); return; }
    await this.go(hit.index);
    this.onopen(this.selected);
  }

  async key(event) {
    if (event.altKey || event.ctrlKey || event.metaKey) return;
    const page = Math.max(1, Math.floor(this.node.clientHeight / this.rowHeight) - 1);
    const row = this.cache.get(this.cursor);
    const moves = { ArrowDown: this.cursor + 1, ArrowUp: this.cursor - 1, PageDown: this.cursor + page, PageUp: this.cursor - page, Home: 0, End: this.total - 1 };
    if (event.key in moves) {
      event.preventDefault();
      await this.go(moves[event.key]);
    } else if (event.key === 'ArrowRight' && row?.open === false) {
      event.preventDefault();
      this.ontoggle(row);
    } else if (event.key === 'ArrowLeft' && row) {
      event.preventDefault();
      if (row.open) this.ontoggle(row);
      else await this.go(await this.parentOf(this.cursor, row.depth));
    } else if (event.key === 'Enter' && row) {
      event.preventDefault();
      this.onopen(this.selected);
    }
  }

  /** The nearest row above that is less deep. */
  async parentOf(index, depth) {
    for (let at = index - 1, rows = null, from = 0; at >= 0; at--) {
      if (!rows || at < from) { from = Math.max(0, at - 200); ({ rows } = await this.fetch(from, at + 1)); }
      if (rows[at - from].depth < depth) return at;
    }
    return index;
  }
}
