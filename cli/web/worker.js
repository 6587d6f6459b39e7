// Snapshots can be large: they are fetched, read and searched here, and the page gets only what it shows.

import { json, text } from './api.js';
import { fromSnapshot, pack, parse } from './folded.js';
import { place } from './format.js';
import { flatten, reveal } from './rows.js';
import { innermost, Model, title } from './snapshot.js';
import { edgesOf, graph, why } from './waits.js';

const most_members = 50;

let model = new Model({ loops: [] });
let view = { mode: 'tree', search: '', states: [], toggled: new Set() };
let flat = { rows: [], matches: 0 };

function refresh() {
  flat = flatten(model, view);
  return { total: flat.rows.length, matches: flat.matches, search: view.search, states: view.states };
}

const indexOf = (key) => flat.rows.findIndex((row) => row.key === key);

/** The task whose code a blocked loop is in. */
function busyWith(loop) {
  if (!loop.blocked_for_ns) return null;
  for (const task of model.tasks.values()) if (task.loop === loop.loop && task.state === 'running') return `${title(task)} at ${place(innermost(task))}`;
  return null;
}

const brief = (task) => ({ id: task.id, title: title(task) });

/** Those that a task waits on, itself or in its branches. */
function descriptorsIn(stack) {
  const own = stack.wait?.descriptor;
  return [...new Set([...(own === undefined ? [] : [own]), ...(stack.branches ?? []).flatMap(descriptorsIn)])];
}

function details(task) {
  const inside = model.children.get(task.id) ?? [];
  const parent = model.parentOf(task);
  const { searched, ...plain } = task;
  return {
    ...plain, title: title(task), parentTitle: parent ? title(parent) : null, why: why(model, task.id),
    sockets: descriptorsIn(task).map((number) => model.socket(task.loop, number)).filter(Boolean),
    inside: { count: inside.length, first: inside.slice(0, most_members).map(brief) },
    holdsUp: holdsUp(task.id),
  };
}

function holdsUp(id) {
  const first = [];
  let count = 0;
  for (const task of model.tasks.values()) {
    const edge = task.state === 'waiting' && edgesOf(model, task).find((each) => each.to === id && each.kind !== 'group');
    if (!edge) continue;
    count++;
    if (first.length < most_members) first.push({ ...brief(task), what: edge.what });
  }
  return { count, first };
}

const questions = {
  async load() {
    const began = performance.now();
    const snapshot = await json('snapshot', 60_000);
    const fetched = performance.now();
    const before = model.ringKeys;
    model = new Model(snapshot);
    model.ringKeysBefore = before;
    const rows = refresh();
    const rings = graph(model).rings.filter(({ limit }) => !limit);
    return {
      ...rows, program: model.program, pid: model.pid, loops: model.loops.map((loop) => ({ ...loop, busy_with: busyWith(loop) })), counts: model.states, tasks: model.total, listed: model.tasks.size, rings: rings.length,
      stuck: rings.reduce((sum, ring) => sum + ring.size + ring.behindCount, 0), took: { fetch: fetched - began, read: performance.now() - fetched },
    };
  },
  view(changes) {
    Object.assign(view, changes);
    return refresh();
  },
  toggle({ key }) {
    if (!view.toggled.delete(key)) view.toggled.add(key);
    return refresh();
  },
  rows: ({ from, to }) => ({ from, rows: flat.rows.slice(from, to) }),
  find: ({ key }) => indexOf(key),
  reveal({ id }) {
    const key = reveal(model, view, id);
    const rows = refresh();
    return { ...rows, key, index: key ? indexOf(key) : -1 };
  },
  details({ key }) {
    if (key.startsWith('t')) {
      const task = model.tasks.get(Number(key.slice(1)));
      return task ? { kind: 'task', task: details(task) } : null;
    }
    const row = flat.rows[indexOf(key)];
    if (!row) return null;
    if (row.kind === 'loop') {
      const loop = model.loops.find((each) => `l${each.loop}` === key);
      return { kind: 'loop', loop, sockets: model.socketsByOpener(loop.loop) };
    }
    const groups = view.mode === 'stacks' ? model.stacks() : [...model.groups.values()].flat();
    const tasks = groups.find((group) => group.key === key)?.tasks ?? [];
    return { kind: 'group', count: tasks.length, row, task: details(tasks[0]), first: tasks.slice(0, most_members).map((task) => ({ ...brief(task), wait: task.wait?.text ?? task.state })) };
  },
  graph: () => graph(model),
  flame: ({ kind }) => pack(fromSnapshot(model, kind)),
  async folded({ kind, seconds }) { return pack(parse(await text(`folded?kind=${kind}${seconds ? `&last=${seconds}s` : ''}`), kind)); },
};

addEventListener('message', async ({ data: { number, question, about } }) => {
  try {
    postMessage({ number, answer: await questions[question](about ?? {}) });
  } catch (error) {
    postMessage({ number, error: { kind: error.kind ?? 'broken', text: error.message } });
  }
});
