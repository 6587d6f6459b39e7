// Node's ws against /ws of README.md. usage: ws_client.mjs BASE [CA]
import { readFileSync } from 'node:fs';
import { once } from 'node:events';
import WebSocket from 'ws';
import { base, ca, equal, pattern, runAll } from './node_checks.mjs';

async function open(perMessageDeflate) {
  const socket = new WebSocket(base.replace('http', 'ws') + '/ws', { perMessageDeflate, ca: ca && readFileSync(ca), maxPayload: 1 << 26 });
  await once(socket, 'open');
  return socket;
}
async function echoes(perMessageDeflate) {
  const socket = await open(perMessageDeflate);
  equal(socket.extensions !== '', Boolean(perMessageDeflate));
  for (const size of [0, 1, 125, 126, 65_535, 65_536, 3_000_000]) {
    socket.send(pattern(size));
    equal((await once(socket, 'message'))[0], pattern(size));
    socket.send('x'.repeat(size));
    equal((await once(socket, 'message'))[0].toString(), 'x'.repeat(size));
  }
  socket.close(1000, 'that is all');
  equal((await once(socket, 'close'))[0], 1000);
}
async function plain() { await echoes(false); }
async function deflate() { await echoes({ threshold: 0 }); }
async function deflate_with_parameters() {
  for (const options of [{ serverNoContextTakeover: true }, { clientNoContextTakeover: true }, { serverMaxWindowBits: 9 }, { clientMaxWindowBits: 10 },
    { serverMaxWindowBits: 15, clientMaxWindowBits: 15 }]) await echoes({ threshold: 0, ...options });
}
async function fragments() {
  const socket = await open({ threshold: 0 });
  socket.send('one, ', { fin: false });
  socket.send('two, ', { fin: false });
  socket.send('three', { fin: true });
  equal((await once(socket, 'message'))[0].toString(), 'one, two, three');
  socket.close();
}
async function many() {
  const socket = await open({ threshold: 0 });
  const got = [];
  const all = new Promise((resolve) => socket.on('message', (data) => { got.push(data.toString()); if (got.length === 2000) resolve(); }));
  const wanted = Array.from({ length: 2000 }, (_, i) => `message ${i}`);
  wanted.forEach((text) => socket.send(text));
  await all;
  equal(got, wanted);
  socket.close();
}
async function ping() {
  const socket = await open(false);
  socket.ping('?');
  equal((await once(socket, 'pong'))[0].toString(), '?');
  socket.terminate();
}

await runAll([plain, deflate, deflate_with_parameters, fragments, many, ping]);
