// The page's end of the worker: each question is a promise.

import { ApiError } from './api.js';

// The page's policy takes scripts for workers only from here.
const policy = globalThis.trustedTypes?.createPolicy('gyre', { createScriptURL: (url) => url });
const address = new URL('worker.js', import.meta.url).href;

const worker = new Worker(policy ? policy.createScriptURL(address) : address, { type: 'module' });
const waiting = new Map();
let numbers = 0;

worker.addEventListener('message', ({ data: { number, answer, error } }) => {
  const { resolve, reject } = waiting.get(number);
  waiting.delete(number);
  if (error) reject(new ApiError(error.kind, error.text));
  else resolve(answer);
});

export function ask(question, about) {
  return new Promise((resolve, reject) => {
    const number = ++numbers;
    waiting.set(number, { resolve, reject });
    worker.postMessage({ number, question, about });
  });
}
