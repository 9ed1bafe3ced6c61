// SPDX-License-Identifier: MIT
// Types of the package's root for browsers. Importing it touches no DOM: safe under SSR.

import type { Liveness } from '../check/liveness.js';

export * from '../check/liveness.js';

export interface Progress {
  file: 'wasm' | 'model' | 'detector';
  /** Bytes, unpacked. */
  loaded: number;
  /** Known for the files of this package, else null. */
  total: number | null;
}

export interface LoadOptions {
  /** A name of a shipped model, the address of a weight file, or its bytes. */
  model?: string | URL | Uint8Array | ArrayBuffer;
  /** Hex SHA-256 that the model must have. Shipped files are always checked. */
  modelSha256?: string;
  /** The face detector likewise; null only goes with crop 'none'. */
  detector?: string | URL | Uint8Array | ArrayBuffer | null;
  /** 'auto' takes relaxed SIMD where there is; 'simd' gives the same bits on every machine. */
  variant?: 'auto' | 'simd' | 'relaxed';
  /** 'auto': two if the page is crossOriginIsolated, else 1. 1 never starts a thread. */
  threads?: 'auto' | number;
  /** Folder with a copy of the package's dist: for esbuild, or to host the files yourself. */
  baseUrl?: string | URL;
  /** Ends the download and the worker. */
  signal?: AbortSignal;
  onProgress?: (progress: Progress) => void;
  /** Milliseconds after which an engine that does not answer is ended, and loading in which no byte
   * of any file comes. A sleep of the computer is not counted. Default 20000. */
  watchdogMs?: number;
}

/** Each call makes an engine of its own, in a worker of its own; close() ends it. */
export function loadLiveness(options?: LoadOptions): Promise<Liveness>;
