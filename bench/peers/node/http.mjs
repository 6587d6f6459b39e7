// The HTTP server of Node's http module.
// usage: http.mjs FOLDER [CERTIFICATE KEY]
import fs from 'node:fs';
import http from 'node:http';
import https from 'node:https';
import { pipeline } from 'node:stream';

const [folder, certificate, key] = process.argv.slice(2);

function sendText(response, type, body) {
  response.writeHead(200, { 'Content-Type': type, 'Content-Length': body.length });
  response.end(body);
}

function sendFile(response, path) {
  fs.stat(path, (error, status) => {
    if (error) return response.writeHead(404).end();
    response.writeHead(200, { 'Content-Type': 'application/octet-stream', 'Content-Length': status.size });
    pipeline(fs.createReadStream(path), response, () => {});
  });
}

function answer(request, response) {
  if (request.url === '/plaintext') sendText(response, 'text/plain', 'Hello, World!');
  else if (request.url === '/json') sendText(response, 'application/json', '{"message":"Hello, World!"}');
  else if (/^\/files\/\w+$/.test(request.url)) sendFile(response, folder + request.url.slice(6));
  else response.writeHead(404).end();
}

const server = certificate
  ? https.createServer({ cert: fs.readFileSync(certificate), key: fs.readFileSync(key), minVersion: 'TLSv1.3' }, answer)
  : http.createServer(answer);
server.keepAliveTimeout = 600_000;
server.maxRequestsPerSocket = 0;
server.listen({ port: 0, host: '127.0.0.1', backlog: 4096 }, () => console.log(server.address().port));
process.on('SIGTERM', () => process.exit(0));
