// The tasks: search, filters, the tree, and the details of one.

import { DetailsPane } from './details.js';
import { el, segments, setText } from './dom.js';
import { count, duration, plural } from './format.js';
import { ask } from './inspector.js';
import { VirtualList } from './virtual_list.js';

const STATES = [['running', 'Running'], ['ready', 'Ready'], ['waiting', 'Waiting'], ['cancelled', 'Cancelled']];

export class TasksView {
  constructor(node) {
    this.node = node;
    this.search = el('input', { type: 'search', id: 'search', class: 'search', placeholder: 'Name, file:line, function, lock, peer …', 'aria-label': 'Search the tasks', 'aria-keyshortcuts': '/', autocomplete: 'off', spellcheck: 'false', oninput: () => this.searchLater() });
    this.mode = segments('Order of the tasks', [['tree', 'Tree'], ['stacks', 'Stacks']], 'tree', (mode) => this.change({ mode }));
    this.filters = new Map(STATES.map(([state, label]) => {
      const number = el('span', { class: 'number' }, '0');
      const button = el('button', { type: 'button', class: `filter ${state}`, 'aria-pressed': 'false', data: { state }, onclick: () => this.toggleState(state) }, el('span', { class: 'dot', 'aria-hidden': 'true' }), label, number);
      return [state, { button, number }];
    }));
    this.found = el('span', { class: 'found', role: 'status' });
    this.scroller = el('div', { class: 'rows', id: 'tree' });
    this.details = new DetailsPane({ onselect: (id) => this.reveal(id), onclose: () => this.close() });
    this.notice = el('div', { class: 'notice-slot' });
    node.append(
      el('div', { class: 'bar' }, this.search, this.mode.node, el('div', { class: 'filters', role: 'group', 'aria-label': 'States' }, [...this.filters.values()].map(({ button }) => button)), this.found),
      el('div', { class: 'split' },
        el('div', { class: 'table' },
          el('div', { class: 'columns', 'aria-hidden': 'true' }, el('span', {}, 'Task'), el('span', {}, 'Waits on'), el('span', {}, 'At'), el('span', { class: 'right' }, 'Age')),
          this.notice, this.scroller),
        this.details.node));
    this.list = new VirtualList(this.scroller, {
      label: 'Tasks', fetch: (from, to) => ask('rows', { from, to }), draw: drawRow,
      onselect: (row) => this.select(row), ontoggle: (row) => this.toggle(row), onopen: () => this.open(),
    });
    this.states = [];
    this.view = { search: '' };
  }

  /** A new snapshot was read. */
  async renew(answer) {
    for (const [state, { number }] of this.filters) setText(number, count(answer.counts[state]));
    this.tasks = answer.tasks;
    this.say(answer);
    if (this.list.selected) this.list.cursor = await ask('find', { key: this.list.selected });
    await this.list.renew(answer.total);
    if (this.list.selected) await this.refreshDetails();
    else if (answer.total > 0) await this.list.go(0);
  }

  say({ total, matches, search, states }) {
    if (search !== undefined && search !== this.view.search) { this.search.value = search; this.view.search = search; }
    if (states) this.showStates(states);
    const filtered = this.search.value.trim() !== '' || this.states.length > 0;
    setText(this.found, filtered ? `${count(matches)} of ${plural(this.tasks ?? 0, 'task')}` : '');
    this.notice.replaceChildren(...(total === 0 && this.tasks !== undefined ? [el('p', { class: 'nothing' }, filtered ? 'No task is like that.' : 'There are no tasks.')] : []));
  }

  async change(changes) {
    const answer = await ask('view', changes);
    this.say(answer);
    this.scroller.scrollTop = 0;
    await this.list.renew(answer.total);
    if (this.list.selected) await this.keepSelection();
  }

  searchLater() {
    clearTimeout(this.typing);
    this.typing = setTimeout(() => { this.view.search = this.search.value; this.change({ search: this.search.value }); }, 120);
  }

  toggleState(state) {
    this.showStates(this.states.includes(state) ? this.states.filter((each) => each !== state) : [...this.states, state]);
    this.change({ states: this.states });
  }

  showStates(states) {
    this.states = states;
    for (const [state, { button }] of this.filters) button.setAttribute('aria-pressed', String(states.includes(state)));
  }

  async toggle(row) {
    const answer = await ask('toggle', { key: row.key });
    await this.list.renew(answer.total);
    this.say(answer);
  }

  async keepSelection() {
    const index = await ask('find', { key: this.list.selected });
    if (index >= 0) await this.list.go(index, { tell: false });
  }

  /** Shows a task, wherever it is. */
  async reveal(id) {
    const answer = await ask('reveal', { id });
    this.say(answer);
    await this.list.renew(answer.total);
    if (answer.index < 0) return;
    await this.list.go(answer.index);
    this.open();
  }

  async select(row) {
    this.details.show(row.key, await ask('details', { key: row.key }));
  }

  async refreshDetails() {
    const key = this.list.selected;
    const answer = await ask('details', { key });
    if (key === this.list.selected) this.details.show(key, answer);
  }

  open() { this.node.classList.add('with-details'); }

  close() {
    this.node.classList.remove('with-details');
    this.scroller.focus();
  }

  /** Esc. */
  escape() {
    if (this.node.classList.contains('with-details')) { this.close(); return; }
    if (this.search.value) { this.search.value = ''; this.view.search = ''; this.change({ search: '' }); }
  }
}

function age(range) {
  if (!range) return '';
  const [youngest, oldest] = range.map(duration);
  return youngest === oldest ? oldest : `≤ ${oldest}`;
}

function drawRow(element, row) {
  const drawn = JSON.stringify(row);
  if (element.drawn === drawn) return;
  element.drawn = drawn;
  element.dataset.kind = row.kind;
  element.dataset.key = row.key;
  element.className = `row${row.hit ? '' : ' miss'}${row.blocked ? ' blocked' : ''}`;
  element.setAttribute('aria-level', String(row.depth + 1));
  if (row.open === null) element.removeAttribute('aria-expanded');
  else element.setAttribute('aria-expanded', String(row.open));
  const depth = Math.min(row.depth, 24);
  element.replaceChildren(
    el('div', { class: 'cell title', role: 'gridcell', style: { '--depth': depth } },
      el('span', { class: row.open === null ? 'twist none' : 'twist', 'aria-hidden': 'true' }),
      row.state ? el('span', { class: `dot ${row.cancelled ? 'cancelled' : row.state}`, title: row.cancelled ? 'cancelled' : row.state, role: 'img', 'aria-label': row.cancelled ? 'cancelled' : row.state }) : null,
      row.kind === 'group' ? el('span', { class: 'badge' }, `${count(row.count)} ×`) : null,
      el('span', { class: `name${row.kind === 'task' && !row.named ? ' unnamed' : ''}` }, row.title),
      row.kind === 'loop' ? el('span', { class: 'aside' }, plural(row.count, 'task')) : null,
      row.kind === 'group' && row.names ? el('span', { class: 'aside' }, row.names) : null,
      row.kind === 'task' && row.inside ? el('span', { class: 'aside' }, `${count(row.inside)} inside`) : null,
      row.priority ? el('span', { class: 'tag' }, row.priority) : null,
      row.blocked ? el('span', { class: 'tag bad' }, `blocked ${duration(row.blocked)}`) : null),
    el('div', { class: 'cell wait', role: 'gridcell' }, row.kind === 'loop' ? row.wait : row.wait || row.state),
    el('div', { class: 'cell at', role: 'gridcell' }, row.place ?? '', row.function ? el('span', { class: 'function' }, row.function) : null),
    el('div', { class: 'cell right', role: 'gridcell' }, age(row.age)));
}
