// undici against the routes of README.md. usage: undici_client.mjs BASE [CA]
import { readFileSync } from 'node:fs';
import { Readable } from 'node:stream';
import { Agent, EventSource, fetch, FormData, interceptors, request } from 'undici';
import { base, ca, equal, lines, pattern, runAll } from './node_checks.mjs';

const dispatcher = new Agent({ connect: ca ? { ca: readFileSync(ca) } : {}, connections: 10 });
const ask = (path, options = {}) => request(base + path, { dispatcher, ...options });
const whole = async (answer) => Buffer.from(await answer.body.arrayBuffer());

async function hello() {
  const answer = await ask('/hello');
  equal([answer.statusCode, await answer.body.text()], [200, 'hello\n']);
}
async function keep_alive() {
  const one = new Agent({ connect: ca ? { ca: readFileSync(ca) } : {}, connections: 1 });
  const peers = new Set();
  for (let i = 0; i < 20; i++) peers.add(await (await ask('/peer', { dispatcher: one })).body.text());
  equal(peers.size, 1);
}
async function pipelining() {
  const agent = new Agent({ connect: ca ? { ca: readFileSync(ca) } : {}, connections: 1, pipelining: 10 });
  const answers = await Promise.all(Array.from({ length: 50 }, async (_, i) => (await whole(await ask(`/bytes/${i * 100}`, { dispatcher: agent }))).length));
  equal(answers, Array.from({ length: 50 }, (_, i) => i * 100));
}
async function concurrent() { await Promise.all(Array.from({ length: 100 }, hello)); }
async function head() {
  const answer = await ask('/bytes/1000', { method: 'HEAD' });
  equal([answer.headers['content-length'], (await whole(answer)).length], ['1000', 0]);
}
async function echo() {
  for (const size of [0, 1, 1000, 100_000, 8_000_000]) equal(await whole(await ask('/echo', { method: 'POST', body: pattern(size) })), pattern(size));
}
async function put_chunked() {
  const body = Readable.from((function* () { for (let i = 0; i < 10; i++) yield pattern(50_000); })());
  equal((await whole(await ask('/echo', { method: 'PUT', body }))).length, 500_000);
}
async function duplex() {
  const body = Readable.from((function* () { for (let i = 0; i < 200; i++) yield pattern(65_000); })());
  equal((await whole(await ask('/duplex', { method: 'POST', body }))).length, 200 * 65_000);
}
async function large() { equal(await whole(await ask('/bytes/50000000')), pattern(50_000_000)); }
async function response_trailers() {
  const answer = await ask('/chunks/300000/7777');
  equal(await whole(answer), pattern(300_000));
  equal(answer.trailers, { 'x-count': '300000' });
}
async function compression() {
  for (const coding of ['gzip', 'deflate', 'br', 'identity']) {
    const answer = await fetch(base + '/text', { dispatcher, headers: { 'accept-encoding': coding } });
    equal(await answer.text(), lines);
    if (coding === 'gzip' || coding === 'br') equal(answer.headers.get('content-encoding'), coding);
  }
}
async function redirects() {
  const answer = await fetch(base + '/redirect/5', { dispatcher });
  equal([await answer.text(), answer.redirected], ['hello\n', true]);
  equal(await (await fetch(base + '/redirect307', { dispatcher, method: 'POST', body: 'carried along' })).text(), 'carried along');
  const followed = await ask('/redirect/5', { dispatcher: dispatcher.compose(interceptors.redirect({ maxRedirections: 10 })) });
  equal(await followed.body.text(), 'hello\n');
}
async function cookies() {
  const set = await ask('/cookies/set?name=colour&value=blue');
  await set.body.dump();
  const cookie = set.headers['set-cookie'].split(';')[0];
  equal(await (await ask('/cookies', { headers: { cookie } })).body.json(), { colour: 'blue' });
}
async function ranges() {
  const answer = await ask('/file/data.bin', { headers: { range: 'bytes=1000-1999' } });
  equal(answer.statusCode, 206);
  equal(await whole(answer), pattern(2000).subarray(1000));
  equal((await ask('/file/data.bin', { headers: { 'if-none-match': answer.headers.etag } })).statusCode, 304);
}
async function expect_continue() {
  equal(await whole(await ask('/echo', { method: 'POST', body: pattern(100_000), expectContinue: true }).catch((error) => {
    if (error.code === 'UND_ERR_NOT_SUPPORTED') return ask('/echo', { method: 'POST', body: pattern(100_000) });  // undici 6 and later send none
    throw error;
  })), pattern(100_000));
}
async function form() {
  const body = new FormData();
  body.append('name', 'a value');
  body.append('upload', new Blob([pattern(100_000)]), 'file.bin');
  equal(await (await fetch(base + '/form', { dispatcher, method: 'POST', body })).json(), { name: 'a value', upload: 100_000 });
}
async function early_hints() {
  const seen = [];
  const answer = await ask('/early', { onInfo: (info) => seen.push(info.statusCode) });
  equal(await answer.body.text(), 'early\n');
  equal(seen, [103]);
}
async function cut() {
  for (const path of ['/cut/100000?length=1', '/cut/100000']) {
    let whole_ = true;
    try { await whole(await ask(path)); } catch { whole_ = false; }
    if (whole_) throw new Error(`${path} was taken as whole`);
  }
}
async function early_close() {
  for (let i = 0; i < 5; i++) {
    const answer = await ask('/bytes/50000000');
    for await (const piece of answer.body) { if (piece.length) break; }
  }
  await hello();
}
async function events() {
  const source = new EventSource(base + '/events/10', { dispatcher, node: { dispatcher } });
  const seen = await new Promise((resolve) => {
    const got = [];
    source.addEventListener('number', (event) => { got.push(event.data); if (got.length === 10) resolve(got); });
  });
  source.close();
  equal(seen, Array.from({ length: 10 }, (_, i) => `event\n${i}`));
}

await runAll([hello, keep_alive, pipelining, concurrent, head, echo, put_chunked, duplex, large, response_trailers, compression, redirects, cookies,
  ranges, expect_continue, form, early_hints, cut, early_close, events]);
