// The routes of README.md by Node's http and ws. usage: node_server.mjs PORT FILES [CERT KEY]
import { readFileSync } from 'node:fs';
import http from 'node:http';
import https from 'node:https';
import { brotliCompressSync, gzipSync } from 'node:zlib';
import { WebSocketServer } from 'ws';
import { lines, pattern } from './node_checks.mjs';

const [port, files, cert, key] = process.argv.slice(2);
const file = readFileSync(`${files}/data.bin`);
const tag = '"a-tag"';

async function bodyOf(request) {
  const pieces = [];
  for await (const piece of request) pieces.push(piece);
  return Buffer.concat(pieces);
}
const json = (response, value) => response.setHeader('Content-Type', 'application/json').end(JSON.stringify(value));

async function writeAll(response, size, piece) {
  const all = pattern(size);
  for (let at = 0; at < size; at += piece) {
    if (!response.write(all.subarray(at, at + piece))) await new Promise((resolve) => response.once('drain', resolve));
  }
}

async function text(request, response) {
  const wanted = request.headers['accept-encoding'] ?? '';
  if (wanted.includes('br')) response.setHeader('Content-Encoding', 'br').end(brotliCompressSync(lines));
  else if (wanted.includes('gzip')) response.setHeader('Content-Encoding', 'gzip').end(gzipSync(lines));
  else response.end(lines);
}

function range(request, response) {
  response.setHeader('ETag', tag);
  if (request.headers['if-none-match'] === tag) return response.writeHead(304).end();
  const match = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? '');
  if (!match) return response.end(file);
  const first = Number(match[1]), last = match[2] ? Number(match[2]) : file.length - 1;
  if (first >= file.length) return response.writeHead(416, { 'Content-Range': `bytes */${file.length}` }).end();
  return response.writeHead(206, { 'Content-Range': `bytes ${first}-${last}/${file.length}` }).end(file.subarray(first, last + 1));
}

async function form(request, response) {
  const data = await new Response(await bodyOf(request), { headers: { 'content-type': request.headers['content-type'] } }).formData();
  const told = {};
  for (const [name, value] of data) told[name] = typeof value === 'string' ? value : value.size;
  json(response, told);
}

function events(request, response, wanted) {
  const first = Number(request.headers['last-event-id'] ?? -1) + 1;
  if (first >= wanted) return response.writeHead(204).end();
  response.setHeader('Content-Type', 'text/event-stream');
  response.write('retry: 10\n\n');
  const end = first + Math.floor((wanted - first + 1) / 2);
  for (let i = first; i < end; i++) response.write(`id: ${i}\nevent: number\ndata: event\ndata: ${i}\n\n`);
  response.end();
}

async function answer(request, response) {
  const url = new URL(request.url, 'http://localhost');
  const [, name, one, two] = url.pathname.split('/');
  switch (name) {
    case 'hello': return response.setHeader('Content-Length', 6).end('hello\n');
    case 'echo': return response.end(await bodyOf(request));
    case 'duplex': return request.pipe(response);
    case 'count': {
      const body = await bodyOf(request);
      return json(response, { bytes: body.length, fields: request.headers, trailers: request.trailers });
    }
    case 'bytes': return response.setHeader('Content-Length', one).end(request.method === 'HEAD' ? undefined : pattern(Number(one)));
    case 'chunks':
      response.setHeader('Trailer', 'X-Count');
      await writeAll(response, Number(one), Number(two));
      response.addTrailers({ 'X-Count': one });
      return response.end();
    case 'text': return text(request, response);
    case 'redirect': return response.writeHead(302, { Location: Number(one) ? `/redirect/${one - 1}` : '/hello' }).end();
    case 'redirect307': await bodyOf(request); return response.writeHead(307, { Location: '/echo' }).end();
    case 'cookies':
      if (one !== 'set') return json(response, request.headers.cookie ?? '');
      return response.setHeader('Set-Cookie', `${url.searchParams.get('name')}=${url.searchParams.get('value')}; Path=/`).end('set\n');
    case 'file': return range(request, response);
    case 'form': return form(request, response);
    case 'last': return response.setHeader('Connection', 'close').end('last\n');
    case 'early': return response.writeEarlyHints({ link: '</style.css>; rel=preload; as=style' }, () => response.end('early\n'));
    case 'cut':
      if (url.searchParams.has('length')) response.setHeader('Content-Length', one);
      return response.write(pattern(one / 2), () => response.socket.destroySoon());
    case 'events': return events(request, response, Number(one));
    default: return response.writeHead(404).end();
  }
}

const server = cert ? https.createServer({ cert: readFileSync(cert), key: readFileSync(key) }, answer) : http.createServer(answer);
new WebSocketServer({ server, path: '/ws', perMessageDeflate: { threshold: 0 }, maxPayload: 1 << 28 }).on('connection', (socket) => {
  socket.on('error', () => {});
  socket.on('message', (data, isBinary) => socket.send(data, { binary: isBinary }));
});
server.listen(Number(port), '127.0.0.1');
