// Stalls and findings: what the program's watchdog and its lints have to say.

import { json } from './api.js';
import { el, empty, setText } from './dom.js';
import { count, duration, place, plural } from './format.js';

function unlessSame(view, news, draw) {
  const text = JSON.stringify(news);
  if (text === view.news) return;
  view.news = text;
  draw();
}

export class StallsView {
  constructor(node) {
    this.content = el('div', { class: 'content reports' });
    node.append(this.content);
    this.open = new Set();
  }

  async renew() {
    const { stalls, stall_limit_ns: limit } = await json('stalls');
    unlessSame(this, [stalls, limit], () => this.content.replaceChildren(...(stalls.length
      ? [...stalls].reverse().map((stall) => this.report(stall))
      : [limit > 0 ? empty('No stall', `No turn of a loop took longer than ${duration(limit)}.`) : empty('Stalls are not watched', 'This program runs without RunOptions::stall_limit.')])));
    return stalls.length;
  }

  report(stall) {
    const key = `${stall.loop} ${stall.at_ns}`;
    const stack = stall.stack ?? [];
    return el('article', { class: 'card report' },
      el('header', {},
        el('h3', {}, el('span', { class: 'figure' }, duration(stall.lasted_ns)), ` on loop ${stall.loop}: ${stall.cause}${stall.detail ? ` (${stall.detail})` : ''}`),
        el('span', { class: 'aside' }, `${duration(stall.at_ns)} after the start`)),
      el('p', {}, stall.task ? ['In ', el('strong', {}, stall.task)] : 'In a callback, or the thread did not answer.'),
      stall.awaits?.length ? el('ol', { class: 'chain' }, stall.awaits.map((at) => el('li', {}, at.function ? el('span', { class: 'function' }, at.function) : null, el('span', { class: 'where' }, place(at))))) : null,
      stack.length ? el('details', { open: this.open.has(key), ontoggle: (event) => { if (event.target.open) this.open.add(key); else this.open.delete(key); } },
        el('summary', {}, `Stack of the thread, ${plural(stack.length, 'frame')}`), el('pre', { class: 'native' }, stack.join('\n'))) : null,
      stall.suppressed ? el('p', { class: 'note' }, `${plural(stall.suppressed, 'more stall')} before it, too many to be reported.`) : null);
  }
}

const RANK = { error: 0, warning: 1, note: 2 };

export class FindingsView {
  constructor(node, { onselect }) {
    this.onselect = onselect;
    this.content = el('div', { class: 'content reports' });
    node.append(this.content);
  }

  async renew() {
    const findings = await this.read();
    unlessSame(this, findings, () => this.content.replaceChildren(...(findings.length
      ? [...findings].sort((a, b) => (RANK[a.severity] ?? 3) - (RANK[b.severity] ?? 3)).map((finding) => this.report(finding))
      : [empty('Nothing found', 'No rule has anything to say about this program now.')])));
    return findings.length;
  }

  /** Those that there are; a program that has no lints is not asked again. */
  async read() {
    if (this.missing) return [];
    try {
      return (await json('findings', 30_000)).findings;
    } catch (error) {
      if (error.kind !== 'missing') throw error;
      this.missing = true;
      return [];
    }
  }

  report(finding) {
    return el('article', { class: `card report finding ${finding.severity ?? 'note'}` },
      el('header', {}, el('h3', {}, el('span', { class: `pill ${finding.severity ?? 'note'}` }, finding.severity ?? 'note'), finding.rule), finding.place ? el('span', { class: 'where' }, finding.place) : null),
      el('p', {}, finding.text),
      finding.advice ? el('p', { class: 'advice' }, finding.advice) : null,
      finding.task ? el('p', {}, 'Task: ', finding.task_id ? el('button', { type: 'button', class: 'link', onclick: () => this.onselect(finding.task_id) }, finding.task) : finding.task) : null);
  }
}

/** The number beside the name of a view. */
export function badge(tab, n, serious = false) {
  let node = tab.querySelector('.number');
  if (!n) { node?.remove(); return; }
  if (!node) tab.append((node = el('span', { class: 'number' })));
  node.classList.toggle('bad', serious);
  setText(node, count(n));
}
