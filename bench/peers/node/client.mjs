// undici's stream(), which its manual calls its fastest way to a body. usage: client.mjs MODULES URL COUNT AT_ONCE
import { createRequire } from 'node:module';
import { Writable } from 'node:stream';

const [modules, url, count, atOnce] = process.argv.slice(2);
const { Pool } = createRequire(modules + '/')('undici');
const { origin, pathname } = new URL(url);
const pool = new Pool(origin, { connections: +atOnce });
let left = +count;
let bytes = 0;

async function fetchSome() {
  while (left-- > 0) {
    await pool.stream({ path: pathname, method: 'GET' }, () => new Writable({
      write(chunk, _, done) {
        bytes += chunk.length;
        done();
      },
    }));
  }
}

await Promise.all(Array.from({ length: +atOnce }, fetchSome));
await pool.close();
console.log(JSON.stringify({ bytes }));
