// Node: an async function is the task, a promise what is awaited. usage: micro.mjs WORK COUNT SECONDS
import { rounds, cpu, residentBytes } from './rounds.mjs';

const nothing = async () => {};
const leaf = async value => value;

// Gives the turn to every other async function that is ready.
async function yieldOften(times) { for (let i = 0; i < times; i++) await null; }

async function yields(tasks, times) {
  const all = [];
  for (let i = 0; i < tasks; i++) all.push(yieldOften(times + 1));
  const start = cpu();  // every task has had its first turn, which an async function takes as it is called
  await Promise.all(all);
  return (cpu() - start) / tasks / times;
}

async function spawnJoin(count) {
  const start = cpu();
  for (let i = 0; i < count; i++) await nothing();
  return (cpu() - start) / count;
}

async function childAwait(count) {
  let odd = 0;
  const start = cpu();
  for (let i = 0; i < count; i++) odd += (await leaf(i)) & 1;
  if (odd !== Math.floor(count / 2)) throw new Error('wrong sum');
  return (cpu() - start) / count;
}

async function gather(count) {
  const start = cpu();
  const all = [];
  for (let i = 0; i < count; i++) all.push(leaf(i));
  const values = await Promise.all(all);
  if (values.length !== count) throw new Error('lost some');
  return (cpu() - start) / count;
}

// One for all: making an error costs more than the rest of a cancellation.
const over = new Error('over');

// From 0 to 1, the same in every round.
function chances() {
  let seed = 1;
  return () => (seed = (seed * 1103515245 + 12345) & 0x7fffffff) / 0x80000000;
}

function sleep(milliseconds, signal) {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, milliseconds);
    signal.abort = () => { clearTimeout(timer); reject(over); };
  });
}

async function hold(milliseconds, signal) { try { await sleep(milliseconds, signal); } catch { /* it was told to end */ } }

async function cancel(count) {
  const signals = Array.from({ length: count }, () => ({}));
  const chance = chances();
  const all = signals.map(signal => hold(3_600_000 + Math.floor(chance() * 3_600_000), signal));
  await null;
  const start = cpu();
  for (const signal of signals) signal.abort();
  await Promise.all(all);
  return (cpu() - start) / count;
}

function postSoon(count) {
  return new Promise(resolve => {
    let left = count;
    const start = cpu();
    const called = () => { if (--left === 0) resolve((cpu() - start) / count); };
    for (let i = 0; i < count; i++) setImmediate(called);
  });
}

async function nap(milliseconds) { await new Promise(resolve => setTimeout(resolve, milliseconds)); }

async function timers(count) {
  const chance = chances();
  const start = cpu();
  const all = [];
  for (let i = 0; i < count; i++) all.push(nap(chance() * count / 1000));
  await Promise.all(all);
  return (cpu() - start) / 1e9;
}

async function taskBytes(count) {
  const before = residentBytes();
  for (let i = 0; i < count; i++) nap(3_600_000);
  await null;
  return (residentBytes() - before) / count;
}

await rounds({
  yield_2: count => yields(2, count / 2), yield_10k: count => yields(10_000, count / 10_000), spawn_join: spawnJoin,
  child_await: childAwait, gather_100k: gather, cancel_100k: cancel, post_soon: postSoon, timers_1m_cpu: timers, task_bytes: taskBytes,
}, { timers_1m_cpu: 's', task_bytes: 'B' }, ['task_bytes']);
