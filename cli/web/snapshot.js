// A snapshot as the page needs it: tasks by number, who is inside whom, and tasks that stand at the same place as one group.

import { functionName, hex, place } from './format.js';

/** Kinds of wait where each task has an object of its own, so that many that wait say the same. */
const PRIVATE = new Set(['sleep', 'socket', 'file', 'pipe', 'resolve', 'process', 'executor', 'blocking call', 'gather', 'race', 'scope', 'generator']);

/** A name of fixed length for a long text (cyrb53). */
export function digest(text) {
  let a = 0xdeadbeef;
  let b = 0x41c6ce57;
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i);
    a = Math.imul(a ^ c, 2654435761);
    b = Math.imul(b ^ c, 1597334677);
  }
  a = Math.imul(a ^ (a >>> 16), 2246822507) ^ Math.imul(b ^ (b >>> 13), 3266489909);
  b = Math.imul(b ^ (b >>> 16), 2246822507) ^ Math.imul(a ^ (a >>> 13), 3266489909);
  return (4294967296 * (2097151 & b) + (a >>> 0)).toString(36);
}

function likenessOfStack(stack, parts) {
  for (const at of stack.awaits ?? []) parts.push(at.file, at.line);
  const wait = stack.wait;
  if (wait) parts.push('|', wait.kind, wait.action ?? '', PRIVATE.has(wait.kind) ? '' : wait.address ?? '');
  for (const branch of stack.branches ?? []) { parts.push('+'); likenessOfStack(branch, parts); }
}

/** Equal for tasks that were spawned at the same line, are in the same state and wait at the same place for the same. */
export function likeness(task) {
  const parts = [place(task.spawned), task.state, task.cancelled?.kind ?? ''];
  likenessOfStack(task, parts);
  return parts.join(' ');
}

export const title = (task) => task.name || `task of ${place(task.spawned)}`;

/** The await that is nearest to the wait. */
export function innermost(task) {
  const awaits = task.awaits ?? [];
  return awaits.findLast((at) => at.line) ?? task.spawned;
}

function textOfStack(stack, parts) {
  for (const at of stack.awaits ?? []) parts.push(place(at), at.function ?? '', at.scope ?? '');
  if (stack.wait) parts.push(stack.wait.text ?? '');
  for (const branch of stack.branches ?? []) textOfStack(branch, parts);
}

/** What a search looks through. */
export function searchable(task) {
  if (task.searched === undefined) {
    const parts = [task.name ?? '', place(task.spawned), hex(task.id), task.sender ?? '', task.cancelled?.text ?? ''];
    textOfStack(task, parts);
    task.searched = parts.join('\n').toLowerCase();
  }
  return task.searched;
}

function shortenNames(stack) {
  for (const at of stack.awaits ?? []) if (at.function) at.function = functionName(at.function);
  for (const branch of stack.branches ?? []) shortenNames(branch);
}

export class Model {
  constructor(snapshot) {
    this.program = snapshot.program;
    this.pid = snapshot.pid;
    this.uptime = snapshot.uptime_ns;
    this.loops = snapshot.loops.map(({ tasks, sockets, ...loop }) => ({ ...loop, listed: tasks.length }));
    this.sockets = new Map(snapshot.loops.map(({ loop, sockets }) => [loop, sockets ?? []]));
    this.tasks = new Map();
    this.children = new Map();
    this.groups = new Map();
    this.states = { running: 0, ready: 0, waiting: 0, cancelled: 0 };
    for (const { loop, tasks } of snapshot.loops) {
      for (const task of tasks) {
        task.loop = loop;
        shortenNames(task);
        shortenNames({ awaits: [task.spawned] });
        this.tasks.set(task.id, task);
        this.states[task.state]++;
        if (task.cancelled) this.states.cancelled++;
      }
    }
    for (const task of this.tasks.values()) {
      const inside = task.parent && this.tasks.has(task.parent) ? task.parent : `loop ${task.loop}`;
      const siblings = this.children.get(inside);
      if (siblings) siblings.push(task);
      else this.children.set(inside, [task]);
    }
    this.total = this.loops.reduce((sum, loop) => sum + loop.task_count, 0);
  }

  parentOf(task) { return task.parent ? this.tasks.get(task.parent) : undefined; }

  /** The open socket of a loop that has this descriptor. */
  socket(loop, descriptor) { return this.sockets.get(loop)?.find((socket) => socket.descriptor === descriptor); }

  /** The open sockets of a loop by the line and the task that had them opened, the most first: [{opened, opener, count, first}]. */
  socketsByOpener(loop) {
    const groups = new Map();
    for (const { opened, opener, name } of this.sockets.get(loop) ?? []) {
      const key = `${place(opened)} ${opener ?? ''}`;
      const group = groups.get(key);
      if (group) group.count++;
      else groups.set(key, { opened, opener, count: 1, first: name });
    }
    return [...groups.values()].sort((a, b) => b.count - a.count).slice(0, 50);
  }

  /** The tasks directly inside of a task, or of "loop 0", as [{key, tasks}]; one that has tasks inside stands alone. */
  groupsInside(id) {
    let groups = this.groups.get(id);
    if (!groups) {
      groups = this.#grouped(this.children.get(id) ?? [], `in ${id}`, (task) => this.children.has(task.id));
      this.groups.set(id, groups);
    }
    return groups;
  }

  /** All tasks of all loops by the place where they stand, the most first. */
  stacks() {
    this.allStacks ??= this.#grouped([...this.tasks.values()], 'all', () => false).sort((a, b) => b.tasks.length - a.tasks.length);
    return this.allStacks;
  }

  #grouped(tasks, where, standsAlone) {
    const groups = new Map();
    for (const task of tasks) {
      const like = standsAlone(task) ? task.id : likeness(task);
      const group = groups.get(like);
      if (group) group.tasks.push(task);
      else groups.set(like, { key: `${where} ${like}`, tasks: [task] });
    }
    for (const group of groups.values()) group.key = 'g' + digest(group.key);
    return [...groups.values()];
  }
}
