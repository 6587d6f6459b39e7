// Who waits for whom: the graph of waits, the circles in it, and the chain from a task to what holds it up.

import { innermost, title } from './snapshot.js';
import { duration, place } from './format.js';

const limitText = (left) => (left < 0 ? 'has a time limit that has passed' : `has a time limit, ${duration(left)} left`);

const waitsForGroup = (stack) => stack.wait?.kind === 'group' || (stack.branches ?? []).some(waitsForGroup);

/** How long until a limit ends a group that a task has opened, as far as can be told, as there may be several; undefined: none does. */
function limitOfGroup(stack) {
  const isKnown = waitsForGroup(stack);
  const inside = (stack.branches ?? []).filter((branch) => !isKnown || waitsForGroup(branch)).map(limitOfGroup);
  const limits = [stack.limit_left, ...inside].filter((limit) => limit !== undefined);
  return limits.length ? Math.min(...limits) : undefined;
}

/** What ends all that is in the groups of a task, in words; null: nothing does. Kept in the model: many tasks have the same parents. */
function endOfGroups(model, task) {
  const known = (model.groupEnds ??= new Map());
  const around = [];
  for (let at = task; at && !known.has(at.id) && around.length < 1000; at = model.parentOf(at)) around.push(at);
  for (const each of around.reverse()) {
    const limit = limitOfGroup(each);
    const parent = model.parentOf(each);
    const own = each.cancelled ? 'is being cancelled' : limit !== undefined ? limitText(limit) : null;
    known.set(each.id, own ? `is in a group of '${title(each)}', which ${own}` : ((parent && known.get(parent.id)) ?? null));
  }
  return known.get(task.id);
}

/** What ends a wait of a task though nobody gives it what it waits for, in words; null: nothing does. */
function endOf(model, task, stack) {
  if (task.cancelled) return 'is being cancelled';
  const left = stack.limit_left ?? stack.wait?.left;
  if (left !== undefined) return limitText(left);
  const parent = model.parentOf(task);
  const ofGroup = parent ? endOfGroups(model, parent) : null;
  if (ofGroup) return ofGroup;
  const isOneOfSeveral = stack.wait?.kind === 'group' && (stack.wait.used ?? 0) < (model.children.get(task.id)?.length ?? 0);
  return isOneOfSeveral ? 'has several groups, and it is not known which of their tasks it waits for' : null;
}

/** Past stacks that only one branch goes on: the body of a generator, the last branch of a gather or race. */
function onlyBranch(stack) {
  let at = stack;
  while (at.branches?.length === 1) [at] = at.branches;
  return at;
}

/** The task that has what is waited for: its owner, or who holds the only permit that is taken, or reads alone. */
function holderOf(wait) {
  if (wait.owner_id) return wait.owner_id;
  const [holder, ...others] = wait.holders ?? [];
  return holder && !others.length && wait.used === 1 && !holder.ended ? holder.task_id : undefined;
}

/** What is waited for, of a wait that one task can end. */
function whatOf(wait) {
  if (wait.kind === 'join') return 'its end';
  if (wait.loop !== undefined) return `its work on loop ${wait.loop}`;
  return [wait.kind, wait.object && `'${wait.object}'`].filter(Boolean).join(' ');
}

/** What has to happen before a task goes on: [{to, what, limit}], all of them; none where any of several would do, unless `anyOf` asks for
 *  these too. `limit`: what ends that wait by itself, else null. Circles: the same as those of wait_graph.cpp. */
export function edgesOf(model, task, { anyOf = false } = {}) {
  const edges = [];
  const visit = (from, isEither = false) => {
    const stack = onlyBranch(from);
    const wait = stack.wait;
    if (!wait) return;
    if (stack.branches?.length) {
      if (anyOf || wait.kind === 'gather') for (const branch of stack.branches) visit(branch, isEither || wait.kind !== 'gather');
      return;
    }
    const limit = endOf(model, task, stack) ?? (isEither ? 'goes on with another of its branches' : null);
    const add = (to, what) => edges.push({ from: task.id, to, kind: wait.kind, what, limit });
    const holder = holderOf(wait);
    if (model.tasks.has(holder)) add(holder, whatOf(wait));
    // A group ends with the last of its tasks, so each of them holds its opener up.
    if (wait.kind === 'group') for (const child of model.children.get(task.id) ?? []) add(child.id, 'a task of its group');
  };
  if (task.state === 'waiting') visit(task);
  return edges;
}

const always = () => true;
const forGood = (edge) => !edge.limit;

/** Sets of tasks that wait for each other: strongly connected parts of the graph (Tarjan's algorithm, without recursion).
 *  @param counts of an edge, whether it is in the graph. */
export function circles(model, counts = always) {
  const found = [];
  const order = new Map();
  const low = new Map();
  const onStack = new Set();
  const stack = [];
  const targets = (id) => edgesOf(model, model.tasks.get(id)).filter(counts).map((edge) => edge.to);
  for (const start of model.tasks.keys()) {
    if (order.has(start)) continue;
    const work = [{ id: start, next: 0, to: null }];
    while (work.length) {
      const at = work[work.length - 1];
      if (at.to === null) {
        at.to = targets(at.id);
        order.set(at.id, order.size);
        low.set(at.id, order.get(at.id));
        stack.push(at.id);
        onStack.add(at.id);
      }
      if (at.next < at.to.length) {
        const to = at.to[at.next++];
        if (!order.has(to)) work.push({ id: to, next: 0, to: null });
        else if (onStack.has(to)) low.set(at.id, Math.min(low.get(at.id), order.get(to)));
        continue;
      }
      work.pop();
      const below = work[work.length - 1];
      if (below) low.set(below.id, Math.min(low.get(below.id), low.get(at.id)));
      if (low.get(at.id) !== order.get(at.id)) continue;
      const part = [];
      let id;
      do {
        id = stack.pop();
        onStack.delete(id);
        part.push(id);
      } while (id !== at.id);
      if (part.length > 1 || at.to.includes(at.id)) found.push(part.reverse());
    }
  }
  return found;
}

/** The shortest way around within a set of tasks that wait for each other: the edges in order. */
function ringIn(model, part, counts) {
  const members = new Set(part);
  let best = null;
  for (const start of part.slice(0, 64)) {
    const came = new Map([[start, null]]);
    let last = null;
    for (const queue = [start]; queue.length && !last;) {
      const id = queue.shift();
      for (const edge of edgesOf(model, model.tasks.get(id))) {
        if (!members.has(edge.to) || !counts(edge)) continue;
        if (edge.to === start) { last = edge; break; }
        if (!came.has(edge.to)) { came.set(edge.to, edge); queue.push(edge.to); }
      }
    }
    const ring = [];
    for (let edge = last; edge; edge = came.get(edge.from)) ring.unshift(edge);
    if (ring.length && (!best || ring.length < best.length)) best = ring;
  }
  return best ?? [];
}

export function node(task) {
  return { id: task.id, title: title(task), place: place(innermost(task)), function: innermost(task)?.function ?? '', state: task.state, age: task.age };
}

/** How many tasks each task holds up, directly or through others: [{...node, direct, all}], those that hold up the most first. */
function blockers(model, most) {
  const waiters = new Map();
  for (const task of model.tasks.values()) {
    for (const edge of edgesOf(model, task)) {
      if (edge.kind === 'group') continue;  // a parent that waits for its children is how things should be
      if (!waiters.has(edge.to)) waiters.set(edge.to, []);
      waiters.get(edge.to).push({ from: edge.from, what: edge.what });
    }
  }
  const held = [];
  const largest = [...waiters.entries()].sort((a, b) => b[1].length - a[1].length).slice(0, 200);
  for (const [id, direct] of largest) {
    const all = new Set();
    for (const queue = [id]; queue.length;) {
      for (const { from } of waiters.get(queue.pop()) ?? []) if (!all.has(from) && from !== id) { all.add(from); queue.push(from); }
    }
    const task = model.tasks.get(id);
    held.push({ ...node(task), wait: task.wait?.text ?? '', direct: direct.length, all: all.size, what: [...new Set(direct.map(({ what }) => what))].slice(0, 3) });
  }
  return { held: held.sort((a, b) => b.all - a.all).slice(0, most), waiters };
}

/** Who of a ring was looked at at another moment than the others, as long as the picture before has not shown the same; each loop is
 *  looked at at a moment of its own. */
function moved(model, edges) {
  const steps = new Map(model.loops.map((loop) => [loop.loop, loop.steps ?? 1]));
  const tasks = edges.map((edge) => model.tasks.get(edge.from));
  const key = tasks.map((task) => `${task.id} ${place(innermost(task))}`).sort().join();
  (model.ringKeys ??= new Set()).add(key);
  if (model.ringKeysBefore?.has(key)) return undefined;
  return tasks.find((task) => steps.get(task.loop) > 1 || task.loop !== tasks[0].loop);
}

/** What ends a ring by itself: {title, text}; null: nothing does. */
function endOfRing(model, edges) {
  const limited = edges.find((edge) => edge.limit);
  if (limited) return { title: title(model.tasks.get(limited.from)), text: limited.limit };
  const unsure = moved(model, edges);
  return unsure ? { title: title(unsure), text: 'was looked at at another moment than the others, so the next picture may show no circle' } : null;
}

/** All that the deadlock view shows; the rings that nothing ends first. */
export function graph(model, { most = 20 } = {}) {
  const { held, waiters } = blockers(model, most);
  const lasting = circles(model, forGood);
  const stuck = new Set(lasting.flat());
  const passing = circles(model).filter((part) => !part.some((id) => stuck.has(id)));
  const parts = [...lasting.map((part) => [part, forGood]), ...passing.map((part) => [part, always])];
  const rings = parts.slice(0, most).map(([part, counts]) => {
    const members = new Set(part);
    const edges = ringIn(model, part, counts);
    const behind = new Set();
    for (const queue = [...part]; queue.length;) {
      for (const { from } of waiters.get(queue.pop()) ?? []) if (!members.has(from) && !behind.has(from)) { behind.add(from); queue.push(from); }
    }
    return {
      size: part.length,
      edges,
      limit: endOfRing(model, edges),
      nodes: edges.map((edge) => node(model.tasks.get(edge.from))),
      behind: [...behind].slice(0, most).map((id) => node(model.tasks.get(id))),
      behindCount: behind.size,
    };
  });
  return { rings, held };
}

/** All that a task waits for, in whichever branch, but for the tasks of its group; first what it cannot go on without. */
function leadsOf(model, task) {
  const leads = [...edgesOf(model, task), ...edgesOf(model, task, { anyOf: true })];
  return leads.filter((edge, i) => edge.kind !== 'group' && leads.findIndex(({ to }) => to === edge.to) === i);
}

/** From a task to what holds it up, step by step: [{...node, what, also}], `also` for what its other branches wait; `circle` says that the
 *  last one is held up by one before, and `limit` what ends that circle by itself. */
export function why(model, id) {
  const steps = [];
  const edges = [];
  const seen = new Set();
  for (let at = model.tasks.get(id); at;) {
    if (seen.has(at.id)) return { steps, circle: at.id, limit: endOfRing(model, edges.slice(edges.findIndex((edge) => edge.from === at.id))) };
    seen.add(at.id);
    const [edge, ...others] = leadsOf(model, at);
    edges.push(edge);
    const also = others.slice(0, 5).map(({ to, what }) => ({ id: to, title: title(model.tasks.get(to)), what }));
    steps.push({ ...node(at), what: edge?.what ?? null, also, wait: at.wait?.text ?? null });
    if (!edge || steps.length === 100) break;
    at = model.tasks.get(edge.to);
  }
  return { steps, circle: null, limit: null };
}
