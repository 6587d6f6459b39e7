// The page: asks what is shown, as often as the program can bear, and hands the answers to the views.

import { ApiError, address, json, put } from './api.js';
import { Banners } from './banners.js';
import { byId, setText } from './dom.js';
import { FiguresView } from './figures_view.js';
import { FlameView } from './flame_view.js';
import { duration, plural } from './format.js';
import { ask } from './inspector.js';
import { Poller } from './poller.js';
import { Rates } from './rates.js';
import { badge, FindingsView, StallsView } from './reports_view.js';
import { Strip } from './strip.js';
import { TasksView } from './tasks_view.js';
import { startTheme, toggleTheme } from './theme.js';
import { WaitsView } from './waits_view.js';

const VIEWS = ['tasks', 'figures', 'flame', 'waits', 'stalls', 'findings'];

const tabs = new Map(VIEWS.map((name) => [name, byId(`tab-${name}`)]));
const banners = new Banners(byId('banners'));
const strip = new Strip(byId('strip'));
const rates = new Rates();
const reveal = (id) => { show('tasks'); views.tasks.reveal(id); };
const views = {
  tasks: new TasksView(byId('view-tasks')),
  figures: new FiguresView(byId('view-figures')),
  flame: new FlameView(byId('view-flame')),
  waits: new WaitsView(byId('view-waits'), { onselect: reveal }),
  stalls: new StallsView(byId('view-stalls')),
  findings: new FindingsView(byId('view-findings'), { onselect: reveal }),
};

const state = { view: 'tasks', paused: false, ended: false, figures: null, recorder: undefined, recorded: false, kept: '', heard: null, blockedBy: new Map() };

/** An answer that did not come: the page keeps its picture and says so. */
function failed(source, error) {
  if (!(error instanceof ApiError)) console.error(error);
  banners.trouble(source, error instanceof ApiError ? error : { kind: 'broken', message: error.message }, state.heard);
  if (error.kind === 'ended') { state.ended = true; pollers.forEach((poller) => poller.stop()); }
  showLive();
}

const guarded = (source, work) => async () => {
  try {
    await work();
    banners.trouble(source, null, state.heard);
  } catch (error) {
    failed(source, error);
  }
  showLive();
};

async function readFigures() {
  const figures = await json('figures', 5000);
  state.figures = figures;
  state.heard = new Date();
  rates.add(figures);
  strip.show(rates);
  banners.blocked(figures.loops, (loop) => state.blockedBy.get(loop) ?? '');
  setText(byId('program'), figures.program);
  document.title = `${figures.program} ${figures.pid} – gyre`;
  setText(byId('facts'), `pid ${figures.pid} · ${plural(figures.loops.length, 'loop')}, ${[...new Set(figures.loops.map(({ backend }) => backend))].join(' + ')} · up ${duration(figures.uptime_ns)}`);
  showTiming(figures.loops.filter((loop) => loop.is_read !== false).map(({ timing }) => timing));
  if (state.view === 'figures') views.figures.showLoops(figures);
}

/** What a blocked loop is busy with, for the banner. */
function blockedBy(answer) {
  state.blockedBy.clear();
  for (const loop of answer.loops) if (loop.blocked_for_ns && loop.busy_with) state.blockedBy.set(loop.loop, ` by ${loop.busy_with}`);
}

/** From the recorder, if there is anything in it, else from the newest picture. */
function renewFlame() {
  return views.flame.renew({ recorder: state.ended || !state.recorded ? null : state.recorder ? 'on' : 'off' });
}

async function readSnapshot() {
  const answer = await ask('load');
  blockedBy(answer);
  badge(tabs.get('tasks'), answer.tasks);
  badge(tabs.get('waits'), answer.rings, true);
  banners.deadlock(answer, () => show('waits'));
  await views.tasks.renew(answer);
  if (state.view === 'waits') await views.waits.renew();
  if (state.view === 'flame') await renewFlame();
  document.body.dataset.pictures = Number(document.body.dataset.pictures ?? 0) + 1;
}

/** A program that has no recorder has no switch for it, and is not asked again. */
async function readRecorder() {
  if (state.recorder === null) return;
  try {
    showRecorder(await json('recorder'));
  } catch (error) {
    if (error.kind !== 'missing') throw error;
    state.recorder = null;
  }
}

async function readReports() {
  await readRecorder();
  badge(tabs.get('stalls'), await views.stalls.renew());
  badge(tabs.get('findings'), await views.findings.renew(), true);
}

const pollers = [
  new Poller(guarded('figures', readFigures), { every: 1000, share: 0.5, longest: 5000 }),
  new Poller(guarded('snapshot', readSnapshot), { every: 1500 }),
  new Poller(guarded('histograms', () => (state.view === 'figures' ? views.figures.renew() : undefined)), { every: 2000 }),
  new Poller(guarded('reports', readReports), { every: 4000, share: 0.04 }),
];
const [, snapshots, histograms] = pollers;

function run() {
  const wanted = !state.paused && !state.ended && !document.hidden;
  for (const poller of pollers) if (wanted) poller.start(); else poller.stop();
  showLive();
}

function showLive() {
  const button = byId('live');
  const [lamp, text] = state.ended ? ['ended', 'Ended'] : state.paused ? ['held', 'Held'] : banners.shown.has('trouble') ? ['lost', 'No answer'] : state.heard ? ['live', 'Live'] : ['lost', 'Connecting'];
  button.dataset.state = lamp;
  setText(byId('live-text'), text);
  button.title = state.paused ? 'Go on (p)' : 'Hold the picture (p)';
  button.disabled = state.ended;
  const recorder = byId('recorder');
  recorder.disabled = state.ended;
  byId('timing').disabled = state.ended;
}

function hold() {
  if (state.ended) return;
  state.paused = !state.paused;
  run();
}

function showRecorder({ on, reason = '', has_recording: recorded = on }) {
  state.recorder = on;
  state.kept = on ? '' : reason;  // by a trigger, about what came before
  state.recorded ||= recorded;  // what was recorded stays when it is switched off
  const button = byId('recorder');
  button.hidden = false;
  button.setAttribute('aria-checked', String(Boolean(on)));
  button.title = on ? 'It records: switch it off' : state.kept ? `A trigger stopped it: ${state.kept}` : 'Record what all tasks do, for the flame charts and for a trace';
  setText(byId('recorder-text'), on ? 'Recording' : state.kept ? 'Triggered' : 'Recorder');
  const trace = byId('trace');
  trace.hidden = !state.recorded;
  trace.href = address(on ? 'trace?last=10s' : 'trace');
  trace.download = `gyre-${state.figures?.pid ?? ''}.pftrace`;
  trace.title = on ? 'The last 10 seconds as a trace for ui.perfetto.dev' : 'What was recorded, as a trace for ui.perfetto.dev';
}

/** @param levels of the loops; a program that says none has no switch. */
function showTiming(levels) {
  const button = byId('timing');
  state.exact = levels.every((level) => level === 'exact');
  button.hidden = !levels.length || levels.includes(undefined);
  button.setAttribute('aria-checked', String(state.exact));
  button.title = state.exact ? 'The program measures each task: let it sample again (e)' : 'Measure each task: what it ran, was ready and waited (e)';
}

const switchTiming = guarded('timing', async () => {
  const { loops } = await put('timing', { timing: state.exact ? 'sampled' : 'exact' });
  showTiming(loops.map(({ timing }) => timing));
});

const switchRecorder = guarded('recorder', async () => {
  if (state.kept && !window.confirm(`A trigger stopped the recorder: ${state.kept}\n\nStart over? What it has kept is gone then.`)) return;
  showRecorder(await put('recorder', { on: !state.recorder }));
  if (state.view === 'flame') await renewFlame();
});

function show(name, { focus = false } = {}) {
  state.view = name;
  for (const [each, tab] of tabs) {
    tab.setAttribute('aria-selected', String(each === name));
    tab.tabIndex = each === name ? 0 : -1;
    byId(`view-${each}`).hidden = each !== name;
  }
  if (focus) tabs.get(name).focus();
  history.replaceState(null, '', `#${name}`);
  if (state.paused || state.ended) {
    // From the picture that is held.
    guarded('view', async () => {
      if (name === 'waits') await views.waits.renew();
      if (name === 'flame') await renewFlame();
    })();
    if (state.figures && name === 'figures') views.figures.showLoops(state.figures);
    return;
  }
  if (name === 'figures') { histograms.now(); if (state.figures) views.figures.showLoops(state.figures); }
  if (name === 'flame' || name === 'waits') snapshots.now();
}

function startTabs() {
  for (const [name, tab] of tabs) tab.addEventListener('click', () => show(name));
  tabs.get('tasks').parentElement.addEventListener('keydown', (event) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!step) return;
    event.preventDefault();
    show(VIEWS[(VIEWS.indexOf(state.view) + step + VIEWS.length) % VIEWS.length], { focus: true });
  });
}

function startKeys() {
  document.addEventListener('keydown', (event) => {
    if (event.altKey || event.ctrlKey || event.metaKey || byId('keys').open) return;
    const typing = event.target.matches?.('input, textarea, select');
    if (event.key === 'Escape') {
      if (typing && event.target.id !== 'search') { event.target.blur(); return; }
      if (state.view === 'tasks') views.tasks.escape();
      return;
    }
    if (typing) {
      if (event.key === 'ArrowDown' && event.target.id === 'search') { event.preventDefault(); views.tasks.scroller.focus(); }
      return;
    }
    if (event.key === '/') {
      event.preventDefault();
      show('tasks');
      byId('search').select();
    } else if (event.key === '?') byId('keys').showModal();
    else if (event.key === 'p') hold();
    else if (event.key === 't') toggleTheme();
    else if (event.key === 'e' && !byId('timing').hidden) switchTiming();
    else if (VIEWS[Number(event.key) - 1]) show(VIEWS[Number(event.key) - 1], { focus: true });
  });
}

startTheme();
startTabs();
startKeys();
byId('live').addEventListener('click', hold);
byId('timing').addEventListener('click', switchTiming);
byId('recorder').addEventListener('click', switchRecorder);
byId('help').addEventListener('click', () => byId('keys').showModal());
document.addEventListener('visibilitychange', run);
show(VIEWS.includes(location.hash.slice(1)) ? location.hash.slice(1) : 'tasks');
run();
