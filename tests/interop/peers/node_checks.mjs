// What the clients in Node share.
export const [base, ca] = process.argv.slice(2);
export const lines = Array.from({ length: 2000 }, (_, i) => `line ${i} of the text\n`).join('');

export function pattern(size) {
  const out = Buffer.alloc(size);
  for (let i = 0; i < size; i++) out[i] = i % 251;
  return out;
}

export function equal(got, wanted) {
  const same = Buffer.isBuffer(wanted) ? wanted.equals(got) : JSON.stringify(got) === JSON.stringify(wanted);
  if (!same) throw new Error(`wanted ${String(JSON.stringify(wanted)).slice(0, 80)}, got ${String(JSON.stringify(got)).slice(0, 80)}`);
}

export async function runAll(checks) {
  let failed = 0;
  for (const check of checks) {
    let timer;
    const late = new Promise((_, reject) => { timer = setTimeout(() => reject(new Error('timed out')), 60_000); });
    try {
      await Promise.race([check(), late]);
      console.log(`ok ${check.name}`);
    } catch (error) {
      failed += 1;
      console.log(`FAILED ${check.name}: ${error.message} ${error.cause ?? ''}`);
    }
    clearTimeout(timer);
  }
  process.exit(failed ? 1 : 0);
}
