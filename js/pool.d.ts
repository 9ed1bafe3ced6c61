// SPDX-License-Identifier: MIT
// Types of pool.js: many clips on many cores, in Node.

import type { AnalyzeOptions, ClipResult, LoadOptions, RawFrame } from './node.js';

export interface PoolOptions extends LoadOptions {
  /** Workers, each with an engine of its own; default: the number of cores. */
  size?: number;
  /** Clips that may wait; one more is refused with API_BUSY. Default 256. */
  queue?: number;
  /** Milliseconds that one clip may take once a worker has it (DECODE_TIMEOUT ... ENV_TIMEOUT); the
   * worker is ended and replaced. Default 120000. */
  timeoutMs?: number;
}

export interface Pool {
  readonly size: number;
  /** Clips waiting and at work. */
  readonly pending: number;
  /** A path (as of readClip, read inside the worker) or frames. A worker that dies loses only its
   * clip (ENV_WORKER_DEAD) and is replaced. */
  analyze(
    clip: string | URL | Iterable<RawFrame> | AsyncIterable<RawFrame>,
    options?: Omit<AnalyzeOptions, 'onFrame'> & { fps?: number },
  ): Promise<ClipResult>;
  /** Clips that wait or run end with API_CLOSED. Twice is fine. */
  close(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

/** Resolves when every worker has loaded; rejects with what stopped the first. */
export function createPool(options?: PoolOptions): Promise<Pool>;
