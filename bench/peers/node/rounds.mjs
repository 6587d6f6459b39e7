// What the Node programs share: rounds of a work, a line of JSON for each.
import { readFileSync } from 'node:fs';

export const wall = () => Number(process.hrtime.bigint());
/// The processor time of the process in nanoseconds; the kernel's figure has microseconds.
export const cpu = () => { const used = process.cpuUsage(); return (used.user + used.system) * 1000; };
export const residentBytes = () => Number(readFileSync('/proc/self/statm', 'utf8').split(' ')[1]) * 4096;
export const report = (work, value, unit) => console.log(JSON.stringify({ work, value, unit }));

/// `WORK COUNT SECONDS`: the first round warms up and does not count, unless it alone took all the time.
export async function rounds(works, units, single = []) {
  const [name, countText, secondsText] = process.argv.slice(2);
  const work = works[name];
  if (!work) throw new Error(`there is no work called ${name}`);
  const count = Number(countText);
  const end = wall() + Number(secondsText) * 1e9;
  let value = await work(count);
  const once = single.includes(name) || wall() >= end;
  do {
    if (!once) value = await work(count);
    report(name, value, units[name] ?? 'ns');
  } while (!once && wall() < end);
  process.exit(0);
}
