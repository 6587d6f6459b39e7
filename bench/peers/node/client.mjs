// undici's dispatch(), the fastest of its ways by the figures in its own manual. usage: client.mjs MODULES URL COUNT AT_ONCE
import { createRequire } from 'node:module';

const [modules, url, count, atOnce] = process.argv.slice(2);
const { Pool } = createRequire(modules + '/')('undici');
const { origin, pathname } = new URL(url);
const pool = new Pool(origin, { connections: +atOnce });
let left = +count;
let bytes = 0;

class Answer {
  constructor(resolve, reject) {
    this.resolve = resolve;
    this.reject = reject;
  }

  onConnect() {}

  onHeaders() {
    return true;
  }

  onData(chunk) {
    bytes += chunk.length;
    return true;
  }

  onComplete() {
    this.resolve();
  }

  onError(error) {
    this.reject(error);
  }
}

async function fetchSome() {
  while (left-- > 0) {
    await new Promise((resolve, reject) => pool.dispatch({ path: pathname, method: 'GET' }, new Answer(resolve, reject)));
  }
}

await Promise.all(Array.from({ length: +atOnce }, fetchSome));
await pool.close();
console.log(JSON.stringify({ bytes }));
