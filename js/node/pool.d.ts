// SPDX-License-Identifier: MIT
// Types of pool.js: many clips and photos on many cores, in Node.
/// <reference lib="esnext.disposable" />

import type { AnalyzeOptions, ClipResult, LoadOptions, PhotoOptions, RawFrame } from './node.js';

export interface PoolOptions extends LoadOptions {
  /** Workers, each with an engine of its own; default: the cores, shared out among threads. */
  size?: number;
  /** Clips that may wait; one more is refused with API_BUSY, its frames untouched. Default 256. */
  queue?: number;
  /** Milliseconds that one clip may take once a worker has it, its frames' own time included; then
   * it fails with ENV_TIMEOUT. Default 120000. */
  timeoutMs?: number;
}

export interface Pool {
  readonly size: number;
  /** Clips waiting and at work. */
  readonly pending: number;
  /**
   * A path (as of readClip, read inside the worker), or frames, which stay the caller's: each is
   * copied, and asked for when the one before was looked at. What they throw fails their clip, and
   * return() is called on them unless they were read to their end, or never begun.
   *
   * Clips start in the order of the calls. A worker that dies loses only its clip
   * (ENV_WORKER_DEAD); a signal ends a clip at once (API_ABORTED). A worker that is dead, or that
   * does not let go of a clip within a second, is replaced; when no worker can be had any more,
   * clips fail with what stops them from loading.
   */
  analyze(
    clip: string | URL | Iterable<RawFrame> | AsyncIterable<RawFrame>,
    options?: Omit<AnalyzeOptions, 'onFrame' | 'best'> & { fps?: number },
  ): Promise<ClipResult>;
  /** One photo, as of Liveness: a path is read inside the worker; bytes or a frame stay the caller's,
   * and are copied when a worker is free. It waits, ends and is counted as a clip is. */
  analyzePhoto(
    photo: RawFrame | Blob | Uint8Array | ArrayBuffer | string | URL,
    options?: PhotoOptions,
  ): Promise<ClipResult>;
  /** Clips that wait or run end with API_CLOSED. Twice is fine. A pool without clips keeps no
   * process alive, closed or not. */
  close(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

/** Resolves when every worker has loaded; rejects with what stopped the first. */
export function createPool(options?: PoolOptions): Promise<Pool>;
