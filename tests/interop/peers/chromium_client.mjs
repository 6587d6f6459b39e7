// Chromium, driven by Playwright, as a user of the routes of README.md. usage: CHROMIUM=PROGRAM FILES=DIRECTORY chromium_client.mjs BASE [CA]
// It makes its own video, in DIRECTORY, which the server serves at /file.
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium } from 'playwright-core';
import { base, ca, equal, runAll } from './node_checks.mjs';

const profile = mkdtempSync(join(tmpdir(), 'gyre-chromium-'));
const context = await chromium.launchPersistentContext(profile, {
  executablePath: process.env.CHROMIUM,
  headless: true,
  ignoreHTTPSErrors: Boolean(ca),
  args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update',
    '--disable-sync', '--disable-dev-shm-usage'],
});
process.on('exit', () => rmSync(profile, { recursive: true, force: true, maxRetries: 5 }));
const tab = await context.newPage();

async function page() {
  const answer = await tab.goto(base + '/page.html');
  equal(answer.status(), 200);
  equal(await tab.textContent('h1'), 'a page with a script');
}
async function fetch_text() {
  equal(await tab.evaluate(async () => [await (await fetch('/hello')).text(), (await (await fetch('/text')).text()).length]), ['hello\n', 42890]);
}
async function fetch_stream() {
  equal(await tab.evaluate(async () => {
    const reader = (await fetch('/chunks/3000000/7777')).body.getReader();
    let size = 0;
    for (let piece = await reader.read(); !piece.done; piece = await reader.read()) size += piece.value.length;
    return size;
  }), 3_000_000);
}
async function upload() {
  equal(await tab.evaluate(async () => {
    const body = new Uint8Array(3_000_000).map((_, i) => i % 251);
    const back = new Uint8Array(await (await fetch('/echo', { method: 'POST', body })).arrayBuffer());
    return back.length === body.length && back.every((value, i) => value === body[i]);
  }), true);
}
async function form() {
  equal(await tab.evaluate(async () => {
    const body = new FormData();
    body.append('name', 'a value');
    body.append('upload', new Blob([new Uint8Array(100_000)]), 'file.bin');
    return await (await fetch('/form', { method: 'POST', body })).json();
  }), { name: 'a value', upload: 100_000 });
}
async function concurrent() {
  equal(await tab.evaluate(async () => (await Promise.all(Array.from({ length: 60 }, async () => (await fetch('/hello')).status))).every((s) => s === 200)), true);
}
async function redirects() {
  equal(await tab.evaluate(async () => await (await fetch('/redirect/5')).text()), 'hello\n');
}
async function cookies() {
  equal(await tab.evaluate(async () => {
    await fetch('/cookies/set?name=colour&value=blue');
    return [document.cookie, await (await fetch('/cookies')).json()];
  }), ['colour=blue', { colour: 'blue' }]);
}
async function aborts() {
  equal(await tab.evaluate(async () => {
    const stop = new AbortController();
    const answer = await fetch('/bytes/50000000', { signal: stop.signal });
    await answer.body.getReader().read();
    stop.abort();
    return (await fetch('/hello')).status;
  }), 200);
}
async function cut() {
  equal(await tab.evaluate(async () => {
    const refused = [];
    for (const path of ['/cut/100000?length=1', '/cut/100000']) refused.push(await fetch(path).then((a) => a.arrayBuffer()).then(() => 'whole', () => 'refused'));
    return refused;
  }), ['refused', 'refused']);
}
async function events() {
  equal(await tab.evaluate(() => new Promise((resolve) => {
    const seen = [];
    const source = new EventSource('/events/10');
    source.addEventListener('number', (event) => seen.push(event.data));
    source.onerror = () => { if (source.readyState === EventSource.CLOSED) resolve(seen); };
  })), Array.from({ length: 10 }, (_, i) => `event\n${i}`));
}
async function websocket() {
  equal(await tab.evaluate(() => new Promise((resolve, reject) => {
    const socket = new WebSocket(location.href.replace('http', 'ws').replace('page.html', 'ws'));
    socket.binaryType = 'arraybuffer';
    const sizes = [0, 1, 125, 126, 65_535, 65_536, 1_000_000];
    const seen = [];
    socket.onopen = () => sizes.forEach((size) => { socket.send('x'.repeat(size)); socket.send(new Uint8Array(size)); });
    socket.onmessage = ({ data }) => { seen.push(data.length ?? data.byteLength); if (seen.length === 14) socket.close(1000, 'done'); };
    socket.onclose = ({ code, wasClean }) => resolve([seen, code, wasClean, socket.extensions.startsWith('permessage-deflate')]);
    socket.onerror = () => reject(new Error('the WebSocket failed'));
  })), [[0, 0, 1, 1, 125, 125, 126, 126, 65_535, 65_535, 65_536, 65_536, 1_000_000, 1_000_000], 1000, true, true]);
}
// Half a minute of noise: large, so that a browser asks for parts.
async function make_video(path) {
  if (existsSync(path)) return;
  await tab.addScriptTag({ path: createRequire(import.meta.url).resolve('webm-muxer') });
  const made = await tab.evaluate(async () => {
    const muxer = new WebMMuxer.Muxer({ target: new WebMMuxer.ArrayBufferTarget(), video: { codec: 'V_VP8', width: 320, height: 240 } });
    const encoder = new VideoEncoder({ output: (chunk, about) => muxer.addVideoChunk(chunk, about), error: (error) => { throw error; } });
    encoder.configure({ codec: 'vp8', width: 320, height: 240, bitrate: 3_000_000 });
    const canvas = new OffscreenCanvas(320, 240);
    const painter = canvas.getContext('2d');
    const image = painter.createImageData(320, 240);
    for (let i = 0; i < 300; i++) {
      for (let at = 0; at < image.data.length; at++) image.data[at] = at % 4 === 3 ? 255 : Math.random() * 256;
      painter.putImageData(image, 0, 0);
      const frame = new VideoFrame(canvas, { timestamp: i * 100_000, duration: 100_000 });
      encoder.encode(frame, { keyFrame: i % 10 === 0 });
      frame.close();
      if (i % 20 === 0) await encoder.flush();
    }
    await encoder.flush();
    muxer.finalize();
    const bytes = new Uint8Array(muxer.target.buffer);
    let text = '';
    for (let at = 0; at < bytes.length; at += 32768) text += String.fromCharCode(...bytes.subarray(at, at + 32768));
    return btoa(text);
  });
  writeFileSync(path, Buffer.from(made, 'base64'));
}
async function ranged_video() {
  await make_video(join(process.env.FILES, 'video.webm'));
  const asked = [];
  const listen = (answer) => { if (answer.url().includes('.webm')) asked.push(answer.status()); };
  tab.on('response', listen);
  const [length, place] = await tab.evaluate(() => new Promise((resolve, reject) => {
    const video = document.createElement('video');
    video.muted = true;
    video.preload = 'metadata';
    video.onerror = () => reject(new Error(video.error.message));
    video.onloadedmetadata = () => {
      video.onseeked = () => resolve([video.duration, video.currentTime]);
      video.currentTime = video.duration * 0.9;
    };
    video.src = '/file/video.webm';
    document.body.append(video);
  }));
  tab.off('response', listen);
  if (!(length > 10 && place > 9)) throw new Error(`a video of ${length} s, at ${place} s`);
  equal(asked.length > 0 && asked.every((status) => status === 206), true);
}

await tab.goto(base + '/page.html');
await runAll([page, fetch_text, fetch_stream, upload, form, concurrent, redirects, cookies, aborts, cut, events, websocket,
  ranged_video]);
