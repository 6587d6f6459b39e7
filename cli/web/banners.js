// What matters whatever is looked at: a loop that is blocked, a process that is gone, a deadlock.

import { el } from './dom.js';
import { clock, duration, plural } from './format.js';

/** Loops that do not come around for shorter than this are merely busy. */
const BLOCKED_NS = 250e6;

export class Banners {
  constructor(node) {
    this.node = node;
    this.shown = new Map();
    this.troubles = new Map();
  }

  /** Shows a banner under a name, or with null takes it away. A changed text alone keeps the element. */
  set(name, content) {
    const old = this.shown.get(name);
    if (!content) {
      old?.node.remove();
      this.shown.delete(name);
      return;
    }
    if (old?.kind === content.kind) { old.text.textContent = content.text; return; }
    old?.node.remove();
    const text = el('span', {}, content.text);
    const node = el('div', { class: `banner ${content.kind}`, data: { banner: name } }, text, content.action ? el('button', { type: 'button', class: 'button', onclick: content.action.run }, content.action.text) : null);
    this.node.append(node);
    this.shown.set(name, { node, text, kind: content.kind });
  }

  blocked(loops, what) {
    const late = loops.filter((loop) => loop.blocked_for_ns > BLOCKED_NS);
    this.set('blocked', late.length ? { kind: 'bad', text: late.map((loop) => `Loop ${loop.loop} is blocked for ${duration(loop.blocked_for_ns)}${what(loop.loop)}`).join('. ') } : null);
  }

  deadlock({ rings, stuck }, show) {
    this.set('deadlock', rings ? { kind: 'bad', text: `${rings === 1 ? 'A deadlock' : `${rings} deadlocks`}: ${plural(stuck, 'task')} will not go on.`, action: { text: 'Show it', run: show } } : null);
  }

  /** What `source` could not be asked, or with null that it can be again. The gravest is shown. */
  trouble(source, error, when) {
    if (error) this.troubles.set(source, error);
    else this.troubles.delete(source);
    const all = [...this.troubles.values()];
    this.say(all.find(({ kind }) => kind === 'ended' || kind === 'gone') ?? all[0], when);
  }

  say(error, when) {
    const texts = {
      ended: `The process has ended. This is the last picture of it, from ${when ? clock(when) : 'before'}.`,
      silent: `The process does not answer: ${error?.message}. What is shown is from ${when ? clock(when) : 'before'}.`,
      gone: 'gyre web does not answer: was it ended? What is shown is the last that it told.',
      refused: `The process refused an answer: ${error?.message}.`,
      missing: `The process cannot tell that: ${error?.message}.`,
      broken: `The page could not make sense of an answer: ${error?.message}.`,
    };
    this.set('trouble', error ? { kind: error.kind === 'ended' ? 'calm' : 'bad', text: texts[error.kind] ?? error.message } : null);
  }
}
