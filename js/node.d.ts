// SPDX-License-Identifier: MIT
// Types of node.js, the entry of the package for Node.

import type {
  DepthMap, FrameResult, RawFrame, Reason, Session, SessionOptions, Variant, Verdict,
} from './engine.js';

export * from './engine.js';

export const VARIANTS: readonly Variant[];
export const DEFAULT_MODEL: string;
/** What this JavaScript engine has. */
export function features(): { simd: boolean; relaxed: boolean; threads: boolean };

export interface LoadOptions {
  /** A name in models/, a path, a file: URL or the bytes. */
  model?: string | URL | Uint8Array;
  /** Likewise; null only goes with crop 'none'. */
  detector?: string | URL | Uint8Array | null;
  /** Default 'simd': the same bits on every machine. Never changed silently. */
  variant?: Variant;
  /** Default 1. More than 1 takes the "-mt" build of the variant; the bits stay the same. */
  threads?: number;
  /** Folder of livedepth-*.mjs and .wasm. */
  baseUrl?: URL;
}

export interface EngineInfo {
  readonly version: string;
  readonly variant: Variant;
  readonly threads: number;
  readonly wasm: { readonly sha256: string };
  readonly model: {
    readonly id: string;
    readonly network: string;
    readonly profile: string;
    readonly trained: boolean;
    readonly inputSize: number;
    readonly frames: number;
    readonly frameIntervalMs: number;
    readonly thresholds: { readonly live: number; readonly spoof: number };
    readonly provenance: string;
    readonly sha256: string;
  };
  readonly detector: { readonly sha256: string } | null;
}

export interface StageTime { median: number; total: number }

export interface ClipResult {
  verdict: Verdict;
  /** Why undecided; null beside live and spoof. */
  reason: Reason | null;
  /** 0 attack .. 1 live; null if no clip was scored. */
  score: number | null;
  thresholds: { live: number; spoof: number };
  frames: { read: number; used: number; clips: number };
  /** Mean fused depth of the newest scored clip. */
  depth: DepthMap | null;
  /** Its pairs, with depth: 'every'. */
  pairs: DepthMap[];
  /** Per stage over the frames in which it ran; total: all pushes. */
  ms: {
    detect: StageTime; crop: StageTime; trunk: StageTime; pair: StageTime; recurrent: StageTime;
    total: number;
  };
  engine: EngineInfo;
}

export interface AnalyzeOptions extends SessionOptions {
  depth?: 'none' | 'mean' | 'every';
  /** Called after every push; what it throws ends the analysis. */
  onFrame?: (result: FrameResult, frame: RawFrame) => void;
  signal?: AbortSignal;
}

export type Frames = Iterable<RawFrame> | AsyncIterable<RawFrame>;

export interface Liveness {
  readonly info: EngineInfo;
  /** A whole clip. Calls may overlap: each has its own session. */
  analyze(frames: Frames, options?: AnalyzeOptions): Promise<ClipResult>;
  /** A stream, frame by frame; the caller closes it. */
  session(options?: SessionOptions): Session;
  /** An analysis under way ends with API_CLOSED. */
  close(): void;
}

export type LoadLiveness = (options?: LoadOptions) => Promise<Liveness>;
export const loadLiveness: LoadLiveness;

/* Readers. Each frame has its own buffer, one is held at a time, and leaving the loop early lets
 * the file or program go. */

type FrameReader<Options> =
  (path: string | URL, options?: Options) => AsyncGenerator<RawFrame, void, undefined>;

/** .y4m or .y4m.gz, 8-bit 4:2:0. fps: for files without a rate. */
export type ReadY4m = FrameReader<{ fps?: number; maxBytes?: number }>;
/** A folder of numbered PNG or JPEG (by ffmpeg) files, fps pictures a second (30). */
export type ReadFrames = FrameReader<DecodeOptions>;
/** Anything that ffmpeg reads, upright, at a constant rate: the clip's own (at most 60), or fps. */
export type ReadVideo = FrameReader<DecodeOptions>;
/** Whichever of the three the path asks for. */
export type ReadClip = FrameReader<{ fps?: number; signal?: AbortSignal }>;

export interface DecodeOptions {
  fps?: number;
  /** The program. */
  ffmpeg?: string;
  /** For waiting on ffmpeg, in all (30 s). */
  timeoutMs?: number;
  /** Of all pictures, unpacked (16 GiB). */
  maxBytes?: number;
  signal?: AbortSignal;
}

export const readY4m: ReadY4m;
export const readFrames: ReadFrames;
export const readVideo: ReadVideo;
export const readClip: ReadClip;
