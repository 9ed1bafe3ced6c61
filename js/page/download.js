// SPDX-License-Identifier: MIT
// @ts-check
// The files that an engine needs, fetched and compiled, with a typed error for each way to fail.

import { MAX_FILE_BYTES } from '../engine/bytes.js';
import { LivenessError } from '../engine/errors.js';
import { checkSignal } from '../engine/options.js';

/**
 * @param {URL} url
 * @param {AbortSignal} signal
 * @param {import('./watchdog.js').Watchdog} watchdog  of all that is loaded
 * @param {(loaded: number) => void} onProgress
 */
export async function download(url, signal, watchdog, onProgress) {
  checkSignal(signal, 'loading');
  const stop = new AbortController();
  const abort = () => stop.abort();
  signal.addEventListener('abort', abort);
  const unwatch = watchdog.watch(() => stop.abort(`no byte for ${watchdog.ms} ms`));
  try {
    return await read(url, stop.signal, (loaded) => {
      watchdog.touch();
      onProgress(loaded);
    });
  } catch (error) {
    if (error instanceof LivenessError) throw error;
    throw new LivenessError('ENV_FETCH', `${error}`, { file: url.href, cause: error });
  } finally {
    unwatch();
    signal.removeEventListener('abort', abort);
  }
}

/** @param {URL} url @param {AbortSignal} signal @param {(loaded: number) => void} onProgress */
async function read(url, signal, onProgress) {
  const response = await fetch(url, { signal });
  if (!response.ok) {
    throw new LivenessError('ENV_FETCH', `HTTP ${response.status}`, { file: url.href });
  }
  /** @type {Uint8Array[]} */ const parts = [];
  let loaded = 0;
  const reader = response.body?.getReader();
  for (;;) {
    const { done, value } = await (reader?.read() ?? { done: true });
    if (done || !value) break;
    parts.push(value);
    loaded += value.length;
    if (loaded > MAX_FILE_BYTES) {
      reader?.cancel().catch(() => {});
      throw new LivenessError('ENV_FETCH', `more than ${MAX_FILE_BYTES} bytes`, { file: url.href });
    }
    onProgress(loaded);
  }
  const bytes = new Uint8Array(loaded);
  let end = 0;
  for (const part of parts) {
    bytes.set(part, end);
    end += part.length;
  }
  return bytes;
}

/** @param {Uint8Array} bytes @param {string} file */
export async function compile(bytes, file) {
  try {
    return await WebAssembly.compile(/** @type {Uint8Array<ArrayBuffer>} */ (bytes));
  } catch (error) {
    const text = String(error);
    const [code, detail] = /unsafe-eval|Content Security/i.test(text)
      ? ['ENV_CSP_BLOCKED', "the page's CSP lacks 'wasm-unsafe-eval' in script-src"]
      : error instanceof RangeError
        ? ['ENV_OOM', text]
        : ['ENV_MODULE_BAD', text];
    throw new LivenessError(code, detail, { file, cause: error });
  }
}

/**
 * Runs a step of loading under the eye of the page's CSP: what it blocks fails as if the network
 * had failed, and only an event tells.
 *
 * @template T
 * @param {() => Promise<T>} step
 */
export async function watchCsp(step) {
  /** @type {SecurityPolicyViolationEvent | null} */ let violation = null;
  /** @param {SecurityPolicyViolationEvent} event */
  const note = (event) => {
    violation = event;
  };
  const target = globalThis.document;
  target?.addEventListener('securitypolicyviolation', note);
  try {
    return await step();
  } catch (error) {
    const { code } = /** @type {LivenessError} */ (error);
    if (!/^ENV_(FETCH|WORKER_FAILED)$/.test(code)) throw error;
    await new Promise((resolve) => {
      setTimeout(resolve);
    }); // the event comes as a task
    const seen = /** @type {SecurityPolicyViolationEvent | null} */ (violation);
    if (!seen) throw error;
    const text = `the page's CSP blocks ${seen.blockedURI} by ${seen.effectiveDirective}`;
    throw new LivenessError('ENV_CSP_BLOCKED', text, { cause: error });
  } finally {
    target?.removeEventListener('securitypolicyviolation', note);
  }
}
