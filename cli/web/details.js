// All that is known of one task, of tasks that stand at the same place, or of a loop.

import { el } from './dom.js';
import { count, duration, hex, place, plural, share } from './format.js';

const row = (name, ...value) => [el('dt', {}, name), el('dd', {}, ...value)];

function section(name, ...content) {
  return el('section', { class: 'part' }, el('h3', {}, name), ...content);
}

function chain(stack) {
  return el('ol', { class: 'chain' },
    (stack.awaits ?? []).map((at) => el('li', {},
      at.function ? el('span', { class: 'function' }, at.function) : null,
      el('span', { class: 'where' }, at.line ? place(at) : ''),
      at.scope ? el('span', { class: 'scope' }, at.scope) : null)),
    (stack.branches ?? []).map((branch, i) => el('li', { class: 'branch' },
      el('span', { class: 'branch-name' }, `branch ${i + 1}`), chain(branch),
      branch.wait ? el('p', { class: 'branch-wait' }, branch.wait.text) : null)));
}

const left = (length) => (length < 0 ? `overdue by ${duration(-length)}` : duration(length));

/** Who had a socket opened, and where. */
const openedBy = ({ opened, opener }) => el('span', { class: 'aside' }, [opened?.line ? `opened at ${place(opened)}` : 'opened', opener ? `by ${opener}` : null].filter(Boolean).join(' '));

function meter(used, bound) {
  const part = bound > 0 ? Math.min(1, used / bound) : 0;
  return el('span', { class: 'gauge', role: 'img', 'aria-label': `${used} of ${bound}` }, el('span', { class: part >= 1 ? 'fill full' : 'fill', style: { width: `${100 * part}%` } }));
}

const COSTS = [['init', 'before its first turn'], ['delay', 'ready'], ['process', 'running'], ['wait', 'waiting']];

function costs(stats) {
  const whole = COSTS.reduce((sum, [name]) => sum + stats[name], 0);
  return [
    el('div', { class: 'stack-bar', role: 'img', 'aria-label': COSTS.map(([name, text]) => `${text} ${share(stats[name], whole)}`).join(', ') },
      COSTS.map(([name]) => el('span', { class: `cost ${name}`, style: { 'flex-grow': Math.max(stats[name], whole / 400) } }))),
    el('dl', { class: 'facts-list costs' }, COSTS.map(([name, text]) => row(el('span', {}, el('span', { class: `cost key ${name}` }), text), duration(stats[name]), el('span', { class: 'aside' }, share(stats[name], whole))))),
    el('p', { class: 'note' }, plural(stats.resumes, 'slice')),
  ];
}

export class DetailsPane {
  constructor({ onselect, onclose }) {
    this.onselect = onselect;
    this.heading = el('h2', { class: 'details-title', id: 'details-title' });
    this.body = el('div', { class: 'details-body' });
    this.node = el('aside', { class: 'details', id: 'details', 'aria-labelledby': 'details-title' },
      el('div', { class: 'details-head' }, this.heading,
        el('button', { type: 'button', class: 'switch icon close', 'aria-label': 'Close the details', onclick: onclose }, '×')),
      this.body);
  }

  /** @param answer of the worker; null: it has ended. */
  show(key, answer) {
    const drawn = JSON.stringify([key, answer]);
    if (drawn === this.drawn) return;
    this.drawn = drawn;
    if (!answer) {
      // The last picture of a task stays: that it has ended is news about it.
      if (key === this.key) { this.node.classList.add('over'); return; }
      this.heading.textContent = 'Gone';
      this.body.replaceChildren(el('p', { class: 'note' }, 'It is not in the newest picture any more.'));
      return;
    }
    this.node.classList.remove('over');
    const top = key === this.key ? this.body.scrollTop : 0;
    // What is drawn anew loses the focus; the link that had it is found again by its task.
    const focused = this.body.contains(document.activeElement) ? document.activeElement.dataset.id : null;
    this.key = key;
    const content = { task: () => this.task(answer.task), group: () => this.group(answer), loop: () => this.loop(answer) }[answer.kind]();
    this.body.replaceChildren(...content.filter(Boolean));
    this.body.scrollTop = top;
    if (focused) this.body.querySelector(`[data-id="${focused}"]`)?.focus();
  }

  link(id, text) {
    return el('button', { type: 'button', class: 'link', data: { id }, onclick: () => this.onselect(id) }, text);
  }

  links({ count: all, first }, say = () => null) {
    return el('ul', { class: 'links' },
      first.map((task) => el('li', {}, this.link(task.id, task.title), say(task) ? el('span', { class: 'aside' }, say(task)) : null)),
      all > first.length ? el('li', { class: 'aside' }, `and ${count(all - first.length)} more`) : null);
  }

  task(task) {
    this.heading.textContent = task.title;
    return [
      el('p', { class: 'summary' },
        el('span', { class: `pill ${task.state}` }, task.state),
        task.cancelled ? el('span', { class: 'pill cancelled' }, 'cancelled') : null,
        task.priority ? el('span', { class: 'pill' }, `${task.priority} priority`) : null,
        task.age !== undefined ? el('span', { class: 'aside' }, `${duration(task.age)} old`) : null),
      task.wait ? this.wait(task) : null,
      task.cancelled ? section('Cancelled', el('p', { class: 'record' }, task.cancelled.text), el('dl', { class: 'facts-list' }, row('kind', task.cancelled.kind), row('since', duration(task.cancelled.since)))) : null,
      task.why.steps.length > 1 ? this.why(task.why) : null,
      section('Chain of co_await', chain(task)),
      task.sockets.length ? section(task.sockets.length === 1 ? 'Socket' : 'Sockets', el('dl', { class: 'facts-list' },
        task.sockets.map((socket) => row(String(socket.descriptor), el('span', { class: 'mono' }, socket.name), openedBy(socket))))) : null,
      task.holdsUp.count ? section(`Holds up ${plural(task.holdsUp.count, 'task')}`, this.links(task.holdsUp, ({ what }) => what)) : null,
      task.inside.count ? section(`${plural(task.inside.count, 'task')} inside`, this.links(task.inside)) : null,
      task.stats ? section('Cost', ...costs(task.stats)) : null,
      section('Task', el('dl', { class: 'facts-list' },
        row('spawned', el('span', { class: 'mono' }, place(task.spawned))),
        task.sender ? row('works for', this.link(task.sender_id, task.sender)) : null,
        task.parentTitle ? row('inside of', this.link(task.parent, task.parentTitle)) : null,
        task.limit_left !== undefined ? row('time limit', left(task.limit_left)) : null,
        row('loop', String(task.loop)),
        row('id', el('span', { class: 'mono' }, hex(task.id))))),
    ];
  }

  wait({ wait }) {
    return section('Waits on',
      el('p', { class: 'record' }, wait.text),
      el('dl', { class: 'facts-list' },
        row('kind', wait.kind),
        wait.object ? row('object', el('span', { class: 'mono' }, wait.object)) : null,
        wait.owner_id ? row('owner', this.link(wait.owner_id, wait.owner)) : wait.owner ? row('owner', wait.owner) : null,
        wait.waiting ? row('waiting', plural(wait.waiting, 'task')) : null,
        wait.bound ? row('used', `${count(wait.used)} of ${count(wait.bound)}`, meter(wait.used, wait.bound)) : null,
        wait.descriptor !== undefined ? row('descriptor', String(wait.descriptor)) : null,
        wait.left !== undefined ? row('time left', left(wait.left)) : null));
  }

  why({ steps, circle, limit }) {
    return section('Held up by',
      el('ol', { class: 'why' }, steps.map((step) => el('li', { class: step.id === circle ? 'circle' : '' },
        this.link(step.id, step.title), el('span', { class: 'where' }, step.place),
        step.what ? el('span', { class: 'what' }, `waits for ${step.what}`) : el('span', { class: 'what' }, step.wait ?? step.state),
        step.also.map(({ id, title, what }) => el('span', { class: 'what' }, `in another branch for ${what}: `, this.link(id, title)))))),
      circle === null ? null : limit ? el('p', { class: 'record' }, `These wait for each other, for now: '${limit.title}' ${limit.text}.`)
        : el('p', { class: 'record bad' }, 'These wait for each other: none of them can go on.'));
  }

  group({ count: all, task, first }) {
    this.heading.textContent = `${count(all)} tasks of ${place(task.spawned)}`;
    return [
      el('p', { class: 'summary' }, el('span', { class: `pill ${task.state}` }, task.state), el('span', { class: 'aside' }, 'all at the same place')),
      task.wait ? section('Each waits on', el('p', { class: 'record' }, task.wait.text), el('p', { class: 'note' }, 'That of the first; another such for the others, if each has its own.')) : null,
      section('Chain of co_await', chain(task)),
      section('The tasks', this.links({ count: all, first }, ({ wait }) => wait)),
    ];
  }

  loop({ loop, sockets }) {
    this.heading.textContent = `Loop ${loop.loop}`;
    const cancelled = (loop.cancelled ?? []).filter(({ count: n }) => n > 0);
    return [
      loop.blocked_for_ns ? el('p', { class: 'record bad' }, `It has not come around for ${duration(loop.blocked_for_ns)}.`) : null,
      loop.is_read === false ? el('p', { class: 'note' }, 'It was in the middle of a change each time it was looked at: its tasks could not be read.') : null,
      loop.thread_stack?.length ? section('Stack of its thread', el('pre', { class: 'native' }, loop.thread_stack.join('\n'))) : null,
      section('Loop', el('dl', { class: 'facts-list' },
        row('backend', loop.backend), row('tasks', count(loop.task_count)), row('ready', count(loop.ready)), row('timers', count(loop.timers)),
        row('in flight', count(loop.in_flight)), row('errors not received', count(loop.unreceived_errors)))),
      loop.errors?.length ? section('Errors that nobody received', loop.errors.map((error) => el('p', { class: 'record' }, error))) : null,
      loop.never_started?.length ? section(`Made and never started: ${count(loop.never_started_count)}`, el('ul', { class: 'links' }, loop.never_started.map(({ function: where, by }) => el('li', {}, el('span', { class: 'where' }, place(where)), by ? el('span', { class: 'aside' }, `dropped by ${by}`) : null)))) : null,
      loop.longest_slice ? section('Longest slice', el('dl', { class: 'facts-list' }, row(duration(loop.longest_slice.length), loop.longest_slice.task, el('span', { class: 'where' }, place(loop.longest_slice.after))))) : null,
      sockets.length ? section('Open sockets', el('dl', { class: 'facts-list' }, sockets.map((group) => row(count(group.count), el('span', { class: 'mono' }, group.count === 1 ? group.first : `${group.first} …`), openedBy(group))))) : null,
      cancelled.length ? section('Cancelled until now', el('dl', { class: 'facts-list' }, cancelled.map(({ kind, count: n, longest }) => row(kind, count(n), el('span', { class: 'aside' }, `in up to ${duration(longest)}`))))) : null,
    ];
  }
}
