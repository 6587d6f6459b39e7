// Stacks with weights, for flame charts: read from folded text, or counted from a snapshot.

import { place } from './format.js';

const fresh = (name) => ({ name, value: 0, children: new Map() });

export function add(root, frames, weight) {
  root.value += weight;
  let at = root;
  for (const name of frames) {
    let next = at.children.get(name);
    if (!next) at.children.set(name, (next = fresh(name)));
    next.value += weight;
    at = next;
  }
}

/** Sockets of many peers are one frame: what is waited for, not from whom. */
const waitFrame = (name) => `waits on ${name.startsWith('socket: ') ? 'socket' : name}`;

/** Lines of `frame;frame;frame WEIGHT`; others are passed over. Of what waits, the last frame is what it waits on. */
export function parse(text, kind) {
  const root = fresh('all');
  for (const line of text.split('\n')) {
    const cut = line.lastIndexOf(' ');
    const weight = Number(line.slice(cut + 1));
    if (cut < 1 || !(weight > 0)) continue;
    const frames = line.slice(0, cut).split(';');
    if (kind === 'waiting' && frames.length > 1) frames.push(waitFrame(frames.pop()));
    add(root, frames, weight);
  }
  return root;
}

function frame(at) {
  return at.function ? `${at.function} (${place(at)})` : place(at);
}

function paths(stack, before, give) {
  const frames = [...before, ...(stack.awaits ?? []).filter((at) => at.line).map(frame)];
  if (stack.branches?.length) for (const branch of stack.branches) paths(branch, frames, give);
  else give(frames, stack.wait);
}

/** Where the tasks of a snapshot are: one for each task, on the chain of its awaits, with what it waits on at the end. */
export function fromSnapshot(model, kind) {
  const root = fresh('all');
  for (const task of model.tasks.values()) {
    if ((task.state === 'waiting') !== (kind === 'waiting')) continue;
    const all = [];
    paths(task, [`spawned at ${place(task.spawned)}`], (frames, wait) => all.push([...frames, wait ? `waits on ${wait.kind}${wait.object && wait.kind !== 'socket' ? ` '${wait.object}'` : ''}` : task.state]));
    for (const frames of all) add(root, frames, 1 / all.length);
  }
  return root;
}

/** As plain arrays, the widest first, without what would be too thin to be seen. */
export function pack(root, { thinnest = 1 / 4000 } = {}) {
  const least = root.value * thinnest;
  const visit = (node, depth) => {
    const children = [];
    let small = 0;
    if (depth < 200) {
      for (const child of node.children.values()) {
        if (child.value >= least) children.push(visit(child, depth + 1));
        else small += child.value;
      }
    }
    children.sort((a, b) => b.value - a.value || (a.name < b.name ? -1 : 1));
    return { name: node.name, value: node.value, small, children };
  };
  return visit(root, 0);
}

