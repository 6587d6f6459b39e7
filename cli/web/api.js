// Questions to `gyre web`, which passes them on to the process. Page and worker use it alike.

/** kind: 'ended' the process is gone; 'silent' it does not answer; 'missing' it has no such thing; 'gone' gyre web itself is. */
export class ApiError extends Error {
  constructor(kind, text, status = 0) {
    super(text);
    this.kind = kind;
    this.status = status;
  }
}

const base = new URL('api/v1/', import.meta.url);

export const address = (path) => new URL(path, base).href;

async function failure(response) {
  let problem = {};
  try { problem = await response.json(); } catch { /* not from gyre web: the status has to do */ }
  const kind = problem.code ?? ({ 404: 'missing', 409: 'missing', 410: 'ended', 502: 'silent', 503: 'silent', 504: 'silent' }[response.status] ?? 'refused');
  return new ApiError(kind, problem.detail ?? problem.title ?? `HTTP ${response.status}`, response.status);
}

async function ask(path, options, read, timeout) {
  let response;
  try {
    response = await fetch(address(path), { cache: 'no-store', redirect: 'error', signal: AbortSignal.timeout(timeout), ...options });
  } catch (error) {
    if (error.name === 'TimeoutError') throw new ApiError('silent', `no answer within ${timeout / 1000} s`);
    throw new ApiError('gone', 'gyre web does not answer: was it ended?');
  }
  if (!response.ok) throw await failure(response);
  try {
    return await read(response);
  } catch (error) {
    throw new ApiError('silent', `the answer broke off: ${error.message}`);
  }
}

export const json = (path, timeout = 10_000) => ask(path, {}, (response) => response.json(), timeout);
export const text = (path, timeout = 30_000) => ask(path, {}, (response) => response.text(), timeout);

export function put(path, value) {
  const options = { method: 'PUT', body: JSON.stringify(value), headers: { 'Content-Type': 'application/json' } };
  return ask(path, options, (response) => response.json(), 10_000);
}
