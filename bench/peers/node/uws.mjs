// The HTTP server of uWebSockets.js. It has no way to send files of its own.
// usage: uws.mjs MODULES FOLDER [CERTIFICATE KEY]
import { createRequire } from 'node:module';

const [modules, , certificate, key] = process.argv.slice(2);
const uws = createRequire(modules + '/')('@btc-vision/uwebsockets.js');

const app = certificate ? uws.SSLApp({ cert_file_name: certificate, key_file_name: key }) : uws.App();
app.get('/plaintext', (response) => {
  response.writeHeader('Content-Type', 'text/plain').end('Hello, World!');
});
app.get('/json', (response) => {
  response.writeHeader('Content-Type', 'application/json').end('{"message":"Hello, World!"}');
});
app.listen('127.0.0.1', 0, (token) => console.log(uws.us_socket_local_port(token)));
