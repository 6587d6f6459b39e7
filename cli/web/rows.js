// The rows of the task list: a tree, or stacks, flattened as far as they are open, and filtered.

import { place } from './format.js';
import { innermost, searchable, title } from './snapshot.js';

/** @typedef {{mode: 'tree'|'stacks', search: string, states: string[], toggled: Set<string>}} View */

function matcher({ search, states }) {
  const words = search.toLowerCase().split(/\s+/).filter(Boolean);
  if (words.length === 0 && states.length === 0) return null;
  return (task) =>
    (states.length === 0 || states.includes(task.state) || (task.cancelled && states.includes('cancelled'))) &&
    words.every((word) => searchable(task).includes(word));
}

/** The tasks that match, and all that they are inside of. */
function matching(model, matches) {
  const hits = new Set();
  const kept = new Set();
  for (const task of model.tasks.values()) {
    if (!matches(task)) continue;
    hits.add(task.id);
    for (let at = task; at && !kept.has(at.id); at = model.parentOf(at)) kept.add(at.id);
  }
  return { hits, kept };
}

function ages(tasks) {
  let youngest = Infinity;
  let oldest = -Infinity;
  for (const { age } of tasks) {
    if (age === undefined) continue;
    youngest = Math.min(youngest, age);
    oldest = Math.max(oldest, age);
  }
  return oldest === -Infinity ? null : [youngest, oldest];
}

function describe(tasks) {
  const first = tasks[0];
  const at = innermost(first);
  return {
    state: first.state,
    wait: first.wait?.text ?? '',
    place: place(at),
    function: at?.function ?? '',
    age: ages(tasks),
    cancelled: Boolean(first.cancelled),
    priority: first.priority ?? '',
    loop: first.loop,
  };
}

function taskRow(model, task, depth, filter, view) {
  const inside = model.children.get(task.id);
  const row = { key: `t${task.id}`, kind: 'task', id: task.id, depth, title: title(task), named: Boolean(task.name), count: 1, ...describe([task]) };
  row.open = inside && view.mode === 'tree' ? !view.toggled.has(row.key) : null;
  row.inside = inside?.length ?? 0;
  row.hit = !filter || filter.hits.has(task.id);
  return row;
}

function groupRow(group, tasks, depth, view) {
  const first = tasks[0];
  const names = tasks.slice(0, 3).map((task) => task.name).filter(Boolean);
  return {
    key: group.key, kind: 'group', depth, title: place(first.spawned), count: tasks.length,
    names: names.length ? names.join(', ') + (tasks.length > names.length ? ' …' : '') : '',
    ...describe(tasks), open: view.toggled.has(group.key), inside: tasks.length, hit: true,
  };
}

function loopRow(loop, view) {
  const key = `l${loop.loop}`;
  return {
    key, kind: 'loop', depth: 0, title: `loop ${loop.loop}`, count: loop.task_count, open: !view.toggled.has(key), inside: loop.listed, hit: true,
    wait: `${loop.backend}, ${loop.ready} ready, ${loop.timers} timers, ${loop.in_flight} in flight`, blocked: loop.blocked_for_ns || 0,
  };
}

/** @return {{rows: object[], matches: number}} */
export function flatten(model, view) {
  const matches = matcher(view);
  const filter = matches && matching(model, matches);
  const rows = [];
  // Without recursion: tasks may be nested deeply.
  const work = [];
  const push = (groups, depth) => { if (groups.length) work.push({ groups, next: 0, depth }); };
  const kept = (tasks) => (filter ? tasks.filter((task) => (view.mode === 'tree' ? filter.kept : filter.hits).has(task.id)) : tasks);

  function drain() {
    while (work.length) {
      const level = work[work.length - 1];
      if (level.next === level.groups.length) { work.pop(); continue; }
      const group = level.groups[level.next++];
      const tasks = kept(group.tasks);
      if (tasks.length === 0) continue;
      if (group.tasks.length > 1) {
        const row = groupRow(group, tasks, level.depth, view);
        rows.push(row);
        if (row.open) for (const task of tasks) rows.push(taskRow(model, task, level.depth + 1, filter, view));
        continue;
      }
      const row = taskRow(model, tasks[0], level.depth, filter, view);
      rows.push(row);
      if (row.open) push(model.groupsInside(row.id), level.depth + 1);
    }
  }

  if (view.mode === 'stacks') {
    push(model.stacks(), 0);
    drain();
  } else {
    const many = model.loops.length > 1;
    for (const loop of model.loops) {
      const row = loopRow(loop, view);
      if (many) rows.push(row);
      if (many && !row.open) continue;
      push(model.groupsInside(`loop ${loop.loop}`), many ? 1 : 0);
      drain();
    }
  }
  return { rows, matches: filter ? filter.hits.size : model.tasks.size };
}

/** Changes `view.toggled` so that a task is in sight, and its search so that it is not hidden. @return its row's key. */
export function reveal(model, view, id) {
  const task = model.tasks.get(id);
  if (!task) return null;
  const matches = matcher(view);
  if (matches && !matches(task)) { view.search = ''; view.states = []; }
  const groups = view.mode === 'stacks' ? model.stacks() : model.groupsInside(model.parentOf(task)?.id ?? `loop ${task.loop}`);
  const group = groups.find(({ tasks }) => tasks.includes(task));
  if (group.tasks.length > 1) view.toggled.add(group.key);
  if (view.mode === 'tree') {
    view.toggled.delete(`l${task.loop}`);
    for (let at = model.parentOf(task); at; at = model.parentOf(at)) view.toggled.delete(`t${at.id}`);
  }
  return `t${id}`;
}
