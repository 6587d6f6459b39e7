// Numbers and places as people read them.

const UNITS = [[1e9, 's'], [1e6, 'ms'], [1e3, 'µs'], [1, 'ns']];

/** 850 ns, 12.4 µs, 3.07 ms, 1.2 s, 2 m 05 s, 3 h 04 m, 2 d 07 h */
export function duration(ns) {
  if (ns === undefined || ns === null || Number.isNaN(ns)) return '—';
  if (ns < 0) return '−' + duration(-ns);
  const seconds = ns / 1e9;
  const two = (value) => String(Math.floor(value)).padStart(2, '0');
  if (seconds >= 86400) return `${Math.floor(seconds / 86400)} d ${two((seconds % 86400) / 3600)} h`;
  if (seconds >= 3600) return `${Math.floor(seconds / 3600)} h ${two((seconds % 3600) / 60)} m`;
  if (seconds >= 60) return `${Math.floor(seconds / 60)} m ${two(seconds % 60)} s`;
  for (const [unit, name] of UNITS) {
    if (ns < unit && unit > 1) continue;
    const value = ns / unit;
    return `${unit === 1 || value >= 100 ? Math.round(value) : Number(value.toPrecision(3))} ${name}`;
  }
  return '0 ns';
}

/** 12,345 */
export const count = (n) => (n === undefined || n === null ? '—' : Math.round(n).toLocaleString('en-US'));

/** 999, 12.3k, 4.56M */
export function compact(n) {
  if (n === undefined || n === null || Number.isNaN(n)) return '—';
  for (const [unit, name] of [[1e9, 'G'], [1e6, 'M'], [1e4, 'k']]) {
    if (n >= unit) { const scale = name === 'k' ? 1e3 : unit; return Number((n / scale).toPrecision(3)) + name; }
  }
  return n >= 100 || Number.isInteger(n) ? count(n) : String(Number(n.toPrecision(2)));
}

export const plural = (n, one, many = one + 's') => `${count(n)} ${n === 1 ? one : many}`;

/** 12.5 %, 0.3 %, < 0.1 % */
export function share(part, whole) {
  const value = whole > 0 ? (100 * part) / whole : 0;
  if (value > 0 && value < 0.1) return '< 0.1 %';
  return `${Number(value.toFixed(value < 10 ? 1 : 0))} %`;
}

/** gyre::http::internal::ServerConnection::run: ServerConnection::run. What has no name, as a lambda, is empty. */
export function functionName(full = '') {
  const parts = full.split('::');
  const last = parts.pop();
  const owner = parts.pop() ?? '';
  return last && /^[A-Z]/.test(owner) ? `${owner}::${last}` : last;
}

/** main.cpp:15 */
export const place = (at) => (at && at.file && at.line ? `${at.file}:${at.line}` : 'unknown place');

export const hex = (id) => '0x' + id.toString(16);

export const clock = (date) => date.toLocaleTimeString('en-GB');
