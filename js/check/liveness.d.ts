// SPDX-License-Identifier: MIT
/// <reference lib="esnext.disposable" />
// Types of liveness.js and session.js: what the entries for browsers and for Node share.

import type {
  DepthMap,
  Fallback,
  FrameResult,
  Hint,
  LivenessError,
  ModelDescription,
  Quality,
  RawFrame,
  Reason,
  SessionOptions,
  Variant,
  Verdict,
} from '../engine/engine.js';

export { LivenessError } from '../engine/engine.js';
export type {
  Box,
  Check,
  CheckName,
  DepthMap,
  Fallback,
  FrameResult,
  Hint,
  ModelDescription,
  PixelFormat,
  Quality,
  RawFrame,
  Reason,
  ScorerDescription,
  SessionOptions,
  Stage,
  Variant,
  Verdict,
  ViewDescription,
} from '../engine/engine.js';

export const DEFAULT_MODEL: string;

export interface EngineInfo {
  readonly version: string;
  readonly variant: Variant;
  readonly threads: number;
  /** With 'auto': what this page or browser lacks; else empty. */
  readonly fallback: readonly Fallback[];
  readonly wasm: { readonly sha256: string };
  readonly model: ModelDescription & { readonly sha256: string };
  readonly detector: { readonly sha256: string } | null;
}

/**
 * A frame. Of a RawFrame or ImageData the bytes are copied before push() resolves; a VideoFrame or
 * ImageBitmap passes to the session, which closes it on every path. ImageData and ImageBitmap have
 * no time of their own: the time of their arrival counts.
 */
export type FrameSource = RawFrame | VideoFrame | ImageBitmap | ImageData;
/** Strings and URLs are paths of files: Node alone. */
export type Photo = FrameSource | Blob | Uint8Array | ArrayBuffer | string | URL;
export type Frames = Iterable<FrameSource> | AsyncIterable<FrameSource>;

/** Why a session ended without a verdict, beyond what a frame can tell. */
export type SessionReason = Reason | 'timeout' | 'page_hidden' | 'camera_muted';

export interface StageTime {
  /** Of the newest 1000. */
  median: number;
  total: number;
}

/** A picture of the person for whoever must keep one. It is made where the check runs and sent
 * nowhere. */
export interface BestFrame {
  /** The whole frame, upright: PNG in Node, JPEG in a page. */
  picture: Blob;
  /** A square of 1.5 times the face's box, cut at the frame's edges; null with crop 'none'. */
  face: Blob | null;
  /** Of the frame, in microseconds. */
  timestamp: number;
  quality: Quality | null;
}

/** Plain data, the caller's own. */
export interface ClipResult {
  /** What was looked at: a photo says much less than a clip. */
  basis: 'clip' | 'photo';
  verdict: Verdict;
  /** Why undecided; null beside live and spoof. */
  reason: SessionReason | null;
  /** 0 attack .. 1 live; null if no clip was scored. */
  score: number | null;
  /** By scorer, as of FrameResult. */
  scores: Record<string, number | null>;
  votes: Record<string, number | null>;
  thresholds: { live: number; spoof: number };
  /** run: of those used, since the last break; clips: that the score rests on; dropped: came while
   * another one was at work. */
  frames: { read: number; used: number; run: number; clips: number; dropped: number };
  /** Mean fused depth of the newest scored clip. */
  depth: DepthMap | null;
  /** Its pairs, with depth: 'every'. */
  pairs: DepthMap[];
  /** With best: true, the best of the frames that the verdict rests on; else, or without one, null. */
  best: BestFrame | null;
  /** Median of each check over the newest 1000 of the frames looked at; null if there were none. */
  quality: Quality | null;
  /** Per stage over the frames in which it ran, in milliseconds; total: all pushes. */
  ms: {
    detect: StageTime;
    views: StageTime;
    scorers: Record<string, StageTime>;
    total: number;
  };
  engine: EngineInfo;
  /** Of a session with `verified` that has all its clips: what the server checks and computes anew.
   * Else null. Only the server's answer counts. */
  record: Uint8Array | null;
}

/** Left, top, width, height, in upright pixels of the frame: floats. */
export type RecordBox = [number, number, number, number];

/** A frame that was taken. */
export interface RecordFrame {
  /** Microseconds. */
  timestamp: number;
  /** Of the frame, upright. */
  width: number;
  height: number;
  /** Frames between the one before and this had no usable face. */
  paused: boolean;
  face: RecordBox;
  /** Of each view of the model, in its order. */
  squares: RecordBox[];
  /** FrameResult.turn. */
  turn: number;
}

/** What a record says beside the bytes of the views, in this order. */
export interface RecordHeader {
  format: 2;
  nonce: string;
  version: string;
  variant: Variant;
  threads: number;
  /** SHA-256 in hex digits. */
  wasm: string;
  model: string;
  detector: string;
  thresholds: { live: number; spoof: number };
  clips: number;
  /** Hints of the page about its camera, for the server to weigh; null: no camera of this package. */
  signals: Record<string, boolean | null> | null;
  frames: RecordFrame[];
  /** The last link: SHA-256 over all of the above and the views' bytes. */
  chain: string;
  scores: Record<string, number | null>;
  score: number | null;
  verdict: Verdict;
}

export interface AnalyzeOptions extends SessionOptions {
  /** Default 1: a recording is fixed beforehand, and all its clips since the last break of the run
   * (a gap, another face) count, however few. */
  clips?: number;
  depth?: 'none' | 'mean' | 'every';
  /** Brings the best frame: nothing to tell, sharpest, straight, still. Default false. */
  best?: boolean;
  /** Called after every push; what it throws ends the analysis. */
  onFrame?: (result: FrameResult, frame: FrameSource) => void;
  signal?: AbortSignal;
}

export interface PhotoOptions {
  /** As of SessionOptions; the thresholds are the model's own for photos. */
  crop?: 'face' | 'none';
  liveThreshold?: number;
  spoofThreshold?: number;
  signal?: AbortSignal;
}

export interface StartOptions extends SessionOptions {
  depth?: 'none' | 'mean' | 'every';
  /** Brings the best frame, as of AnalyzeOptions. Default false. */
  best?: boolean;
  /** Milliseconds until the session ends undecided; half of them without a frame that could be used
   * end it, too, with that frame's reason. Default 30000. */
  timeoutMs?: number;
  signal?: AbortSignal;
  /** The nonce of a server (livedepth/server), or how to fetch one: the result has a record for it.
   * Needs an engine of variant 'simd', whose bits are the same on every machine, crop 'face', and
   * no more clips than a record holds (36 of five frames); without them, or without a nonce, the
   * result rejects. */
  verified?: string | (() => string | Promise<string>);
}

export interface PushResult {
  /** False: dropped, because another frame was at work or the session is paused or over. */
  accepted: boolean;
  /** The hint to tell the person. */
  hint: Hint;
  /** 0 .. 1 of the clips needed. */
  progress: number;
}

export interface SessionEvents {
  /** The hint to show: the first at once, then each that has lasted for half a second, and none
   * before its predecessor was there for a second. */
  hint: { hint: Hint };
  /** Of every frame the engine took a look at. */
  frame: FrameResult;
  /** Also when a break of the run takes it back. */
  progress: { clips: number; needed: number };
  state: { state: CaptureSession['state'] };
  result: ClipResult;
  error: LivenessError;
}

/** Anything whose frames a session can follow: openCamera()'s result is one. */
export interface FrameFeed {
  /** Ends when the feed is closed; throws a LivenessError when the camera is lost. */
  frames(): AsyncIterable<FrameSource>;
  readonly dropped?: number;
  /** Why no frames come just now, if that is known. */
  readonly paused?: 'page_hidden' | 'camera_muted' | null;
  /** Hints about the camera, for a record. */
  readonly signals?: object;
  /** Events: "pause" (detail: 'page_hidden' | 'camera_muted'), "resume", "restart". */
  addEventListener?: EventTarget['addEventListener'];
  removeEventListener?: EventTarget['removeEventListener'];
}

/** One person before the camera, up to a verdict. Events carry their data in `detail`. */
export interface CaptureSession extends EventTarget {
  /** waiting for a face | capturing clips | paused | done (result is settled) | closed */
  readonly state: 'waiting' | 'capturing' | 'paused' | 'done' | 'closed';
  readonly hint: Hint;
  /** Frames that were not accepted. */
  readonly dropped: number;
  /** Resolves when the frame was looked at. After the result, frames are closed and not accepted. */
  push(frame: FrameSource): Promise<PushResult>;
  /** Feeds the session from a camera until it is over; returns result. Frames that cannot be read
   * are left out; when none can, result rejects with their error (FRAME_*). */
  attach(feed: FrameFeed): Promise<ClipResult>;
  /** Settles once: rejects with a LivenessError (API_ABORTED, API_CLOSED, ENV_*, CAMERA_* ...). */
  readonly result: Promise<ClipResult>;
  /** Frames are ignored until resume(), which starts the clips again. A muted camera ends the
   * session undecided after five seconds, a hidden page at the session's timeout. */
  pause(reason: 'page_hidden' | 'camera_muted'): void;
  resume(): void;
  /** Forgets all scores: another person, or another camera. */
  reset(): Promise<void>;
  /** Twice is fine; an open result rejects with API_CLOSED. */
  close(): Promise<void>;
  /** addEventListener with the detail as argument; returns the function that removes it. What a
   * listener throws does not stop the session: it is reported by reportError, and in Node an
   * uncaughtException, which ends a process that handles none. */
  on<K extends keyof SessionEvents>(
    type: K,
    listener: (detail: SessionEvents[K]) => void,
    options?: { signal?: AbortSignal },
  ): () => void;
  [Symbol.asyncDispose](): Promise<void>;
}

/** The loaded engine, of loadLiveness(). */
export class Liveness {
  /** For loadLiveness() alone. */
  constructor(backend: object, info: EngineInfo);
  readonly info: EngineInfo;
  /** Bytes of wasm memory when the engine last answered. */
  readonly memoryBytes: number;
  /** A whole recorded clip; no frame is dropped. Calls may overlap: each has its own session. */
  analyze(frames: Frames, options?: AnalyzeOptions): Promise<ClipResult>;
  /**
   * One photo, for where there is no more: weaker than a clip, since nothing is seen to move. Only
   * the scorers that look at single frames answer, with thresholds of their own, and the result has
   * basis 'photo'. No face, several faces or a photo that is too dark, blurred or turned: undecided,
   * with the reason.
   *
   * A JPEG, PNG or WebP file - in a page a Blob; in Node a path, URL, Blob or its bytes - or a frame.
   * A file that is none, or moves, is refused: CLIP_PICTURE. BAD_ARGUMENT for a model that scores no
   * photos.
   */
  analyzePhoto(picture: Photo, options?: PhotoOptions): Promise<ClipResult>;
  /** A person before a camera. */
  start(options?: StartOptions): CaptureSession;
  /** Ends the worker and frees all memory; what is under way ends with API_CLOSED. Twice is fine. */
  close(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

/* Browsers' types, for programs that know only Node's: empty there, and merged with the real ones
 * where lib "dom" has them. */
declare global {
  interface VideoFrame {}
  interface ImageBitmap {}
  interface ImageData {}
  namespace WebAssembly {
    interface Module {}
    interface Memory {}
  }
}
