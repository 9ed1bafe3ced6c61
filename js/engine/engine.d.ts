// SPDX-License-Identifier: MIT
// Types of engine.js and of what passes through it.

export type Variant = 'simd' | 'simd-mt' | 'relaxed' | 'relaxed-mt';
/** Why the engine is not the fastest that 'auto' would take. */
export type Fallback = 'not_isolated' | 'no_relaxed_simd' | 'one_core' | 'threads_failed';
export type PixelFormat = 'RGBA' | 'BGRA' | 'I420' | 'NV12';
export type Verdict = 'undecided' | 'live' | 'spoof';
export type Stage =
  | 'load'
  | 'model'
  | 'frame'
  | 'clip'
  | 'decode'
  | 'api'
  | 'camera'
  | 'record'
  | 'engine';
/** Why the verdict is undecided or a frame was not used: texts of livedepth_reason_text. */
export type Reason =
  | 'clip_short'
  | 'no_face'
  | 'multiple_faces'
  | 'face_small'
  | 'face_moved'
  | 'frame_gap'
  | 'format_changed'
  | 'low_confidence'
  | 'untrained_model'
  | 'non_finite'
  | 'too_dark'
  | 'too_bright'
  | 'low_contrast'
  | 'blurry'
  | 'low_frame_rate'
  | 'frozen_frames'
  | 'scene_changed'
  | 'flat_motion'
  | 'repeated_frames'
  | 'roll'
  | 'noisy';

/**
 * The code is a status of livedepth.h without its prefix (WEIGHTS_*, FRAME_*, BAD_ARGUMENT,
 * NO_MEMORY, INTERNAL) or one of JavaScript's own:
 *   API_CLOSED, API_BUSY, API_ABORTED, API_LIMIT
 *   ENV_UNSUPPORTED, ENV_MODULE_MISSING, ENV_MODULE_BAD, ENV_CRASHED, ENV_UNWRITABLE, ENV_OOM,
 *   ENV_CSP_BLOCKED, ENV_CANVAS_BLOCKED, ENV_FETCH, ENV_INTEGRITY, ENV_INSECURE_CONTEXT,
 *   ENV_WORKER_FAILED, ENV_WORKER_DEAD, ENV_TIMEOUT
 *   CAMERA_INSECURE_CONTEXT, CAMERA_UNSUPPORTED, CAMERA_DENIED, CAMERA_POLICY, CAMERA_TIMEOUT,
 *   CAMERA_NONE, CAMERA_IN_USE, CAMERA_BELOW_MINIMUM, CAMERA_LOST, CAMERA_FROZEN
 *   MODEL_NOT_FOUND, MODEL_NOT_FILE, MODEL_UNREADABLE, MODEL_TOO_LARGE
 *   FRAME_BAD_FRAME
 *   CLIP_NOT_FOUND, CLIP_NOT_FILE, CLIP_UNREADABLE, CLIP_EMPTY, CLIP_TOO_LARGE, CLIP_MAGIC,
 *   CLIP_HEADER, CLIP_FORMAT, CLIP_TRUNCATED, CLIP_ORDER, CLIP_PICTURE, CLIP_MASKS
 *   DECODE_UNAVAILABLE, DECODE_FAILED, DECODE_TIMEOUT
 *   RECORD_TOO_LARGE, RECORD_FORMAT, RECORD_NONCE_FOREIGN, RECORD_NONCE_EXPIRED, RECORD_NONCE_USED,
 *   RECORD_ENGINE, RECORD_POLICY, RECORD_TIME, RECORD_CHAIN, RECORD_VIEWS, RECORD_RUN, RECORD_SCORE
 */
export class LivenessError extends Error {
  constructor(
    code: string,
    detail: string,
    more?: { file?: string; offset?: number; cause?: unknown; retryable?: boolean },
  );
  readonly code: string;
  readonly stage: Stage;
  /** The same call may succeed later. */
  readonly retryable: boolean;
  readonly detail: string;
  /** The file at fault, where there is one. */
  readonly file: string | undefined;
  /** The byte of the (unpacked) clip at fault, where there is one. */
  readonly offset: number | undefined;
  /** The same error with the name of its file, unless it has one. */
  inFile(file: string): LivenessError;
}

export interface RawFrame {
  /** Longer than needed is fine; copied during the call, unless it is part of Session.buffer(). */
  data: Uint8Array | Uint8ClampedArray | ArrayBuffer;
  /** As stored, before rotation. */
  width: number;
  height: number;
  format: PixelFormat;
  /** Capture time in microseconds (as in VideoFrame), strictly rising. */
  timestamp: number;
  /** Per plane, in bytes (as VideoFrame.copyTo gives it); without it the planes are packed. */
  layout?: readonly { offset: number; stride: number }[];
  /** Clockwise turn that makes the picture upright. */
  rotation?: 0 | 90 | 180 | 270;
  /** Y in 0 .. 255 instead of 16 .. 235. */
  fullRange?: boolean;
}

/**
 * A frame of which the views are kept: a session with crop 'none' that is given these has bit for bit
 * the scores of the session that cut them. All boxes in floats, as a FrameResult has them.
 */
export interface ViewsFrame {
  format: 'VIEWS';
  /** What Session.views() gave. */
  data: Uint8Array;
  /** Of the frame, upright. */
  width: number;
  height: number;
  timestamp: number;
  face: Box;
  /** By view: FrameResult.views. BAD_ARGUMENT if one is not where the face says. */
  squares: Record<string, Box>;
  /** FrameResult.turn. */
  turn: number;
  /** Frames between the one before and this had no usable face. */
  paused: boolean;
}

export interface Box {
  x: number;
  y: number;
  width: number;
  height: number;
}
/** [height][width], upright; 1 is near, 0 far and background. A copy. */
export interface DepthMap {
  width: number;
  height: number;
  data: Float32Array;
}

/** Measures of a frame; enum livedepth_check of livedepth.h has units and ranges. */
export type CheckName =
  | 'faceCount'
  | 'faceSize'
  | 'centering'
  | 'yaw'
  | 'pitch'
  | 'roll'
  | 'sharpness'
  | 'brightness'
  | 'contrast'
  | 'noise'
  | 'motion'
  | 'frameRate'
  | 'frozenFrames';
/** pass: min <= value <= max; a bound that is not there does not count. */
export interface Check {
  value: number;
  min?: number;
  max?: number;
  pass: boolean;
}
/** Hints to tell the person, in the order of importance. 'low_resolution': the face is large enough
 * in the picture, but has too few pixels. */
export type Hint =
  | 'no_face'
  | 'multiple_faces'
  | 'too_dark'
  | 'too_bright'
  | 'low_contrast'
  | 'move_closer'
  | 'move_back'
  | 'center_face'
  | 'hold_upright'
  | 'look_straight'
  | 'hold_still'
  | 'noisy'
  | 'blurry'
  | 'low_frame_rate'
  | 'frozen_frames'
  | 'low_resolution'
  | 'ok';
export interface Quality {
  /** Nothing to tell. A frame that does not pass may have been used all the same. */
  pass: boolean;
  /** The first of hints, or 'ok'. */
  hint: Hint;
  /** All that apply, without 'ok': first why the frame was not used, then in the order of Hint. */
  hints: Hint[];
  /** Those that were measured. Without a face brightness and contrast are the whole
   * frame's; with crop 'none' only frameRate and frozenFrames are measured. */
  checks: Partial<Record<CheckName, Check>>;
}
/** Of a clip, from its frames' (null: skipped): the median of each check, and the hints of more than
 * half of the frames that were looked at, first the one that came first most often. null: none was. */
export type SummarizeQuality = (list: readonly (Quality | null)[]) => Quality | null;

export interface FrameResult {
  /** The frame was: not due yet | no usable face | taken | taken, and a clip was scored. */
  state: 'skipped' | 'waiting' | 'filling' | 'scored';
  /** Of all clips of the run; undecided before clipsNeeded. */
  verdict: Verdict;
  /** Why undecided; null beside live and spoof. */
  reason: Reason | null;
  /** Why this frame was not used, or started the clip again. */
  frameReason: Reason | null;
  /** The fusion of scores, 0 attack .. 1 live; null before the first. */
  score: number | null;
  /** The newest clip's. */
  clipScore: number | null;
  /** By scorer of the model, its mean over the clips; null: it has none. */
  scores: Record<string, number | null>;
  /** By scorer, what it adds to the logit of score: above 0 for live, below for an attack. */
  votes: Record<string, number | null>;
  /** Scored since the last reset or break of the run: the face was lost or left its place, frames
   * stopped coming, their format changed. */
  clips: number;
  /** Clips that a verdict rests on. */
  clipsNeeded: number;
  /** Frames taken since the last reset, */
  frames: number;
  /** and since the last break of the run: all that the clips that count saw. */
  runFrames: number;
  /** Frames now in the clip. */
  clipFrames: number;
  /** Microseconds, as of the frame. */
  timestamp: number;
  /** Of the frame, upright. */
  size: { width: number; height: number };
  /** Faces found; in a clip every fourth frame is searched, in the others the face is followed. */
  faces: number;
  /** The largest; landmarks: right eye, left eye, nose tip, mouth, right ear, left ear. */
  face: { box: Box; confidence: number; landmarks: { x: number; y: number }[] } | null;
  /** By view of the model, the square of this frame that its scorers were given; those not cut are
   * not there. */
  views: Record<string, Box>;
  /** Where the face leans by more than 15 degrees when its run begins, the frame is turned about its
   * centre before the views are cut, by so many degrees against the clock, and the squares of
   * `views` lie in the turned frame; else 0. */
  turn: number;
  /** null in a skipped frame. */
  quality: Quality | null;
  /** Of a scored frame: the clip's mean fused depth; null if no scorer of the model makes maps. */
  depth: DepthMap | null;
  /** Time spent in this push. With threads, scorers of single frames run side by side. */
  ms: { detect: number; views: number; scorers: Record<string, number> };
}

export interface SessionOptions {
  /** 'none' takes each frame as a face crop. Default 'face'. */
  crop?: 'face' | 'none';
  /** 0 .. 1; default: the model's own. live: score >= liveThreshold. */
  liveThreshold?: number;
  /** spoof: score < spoofThreshold <= liveThreshold. */
  spoofThreshold?: number;
  /** Clips that a verdict rests on, 1 .. 1000; default: the model's own. Fixed beforehand: who
   * stops at the first "live" gives an attack many tries. */
  clips?: number;
}

/** A square about the face, cut once a frame for the scorers. */
export interface ViewDescription {
  readonly name: string;
  /** Side of the square in faces. */
  readonly scale: number;
  /** Pixels of a side of what the scorers are given. */
  readonly size: number;
  /** The square of a run's first frame is kept, or each frame's own is taken. */
  readonly follows: 'run' | 'face';
  /** A pixel of the view is averaged, or made of the four nearest pixels. */
  readonly filter: 'triangle' | 'bilinear';
}

/** A network that scores clips. */
export interface ScorerDescription {
  readonly name: string;
  readonly network: string;
  /** The name of what it looks at. */
  readonly view: string;
  /** Its vote is weight * logit(its score). */
  readonly weight: number;
  /** Without its score there is none. */
  readonly needed: boolean;
}

/** A weight file's description of itself. */
export interface ModelDescription {
  readonly id: string;
  readonly trained: boolean;
  /** Of the longest scorer's clip. */
  readonly frames: number;
  readonly frameIntervalMs: number;
  /** Clips that a verdict rests on. */
  readonly clips: number;
  readonly thresholds: { readonly live: number; readonly spoof: number };
  readonly views: readonly ViewDescription[];
  readonly scorers: readonly ScorerDescription[];
  /** How one photo is scored: its thresholds, and the weights of the scorers that look at single
   * frames. null: not at all. */
  readonly photo: {
    readonly live: number;
    readonly spoof: number;
    readonly weights: Readonly<Record<string, number>>;
  } | null;
  /** The limits of a good frame. */
  readonly checks: Readonly<Record<CheckName, { readonly min?: number; readonly max?: number }>>;
  /** The origin of the weights, and their licence: '' where the file does not say. */
  readonly provenance: string;
  readonly license: string;
}

/** Read-only weights, shared by sessions. */
export interface Model {
  /** A string of the file's metadata, or null. */
  info(key: string): string | null;
  /** WEIGHTS_BAD_METADATA for a file that holds no liveness model. */
  describe(): ModelDescription;
  /** The memory goes back when the last session that uses the model is closed. */
  close(): void;
}

/** One camera stream. */
export interface Session {
  /** After an error the session goes on as if the frame had not come. */
  push(frame: RawFrame | ViewsFrame): FrameResult;
  /** A copy of what the last push() cut for the scorers: of each view of the model, in its order,
   * [size][size][3] RGB. */
  views(): Uint8Array;
  /**
   * Room for a frame in the module's own memory: fill it, push() it as data, and nothing is copied.
   * Ask before every frame, which costs nothing: a view is good until the module's memory grows,
   * another buffer() or push() needs more bytes, or the session is closed. After that push() refuses
   * it (FRAME_BAD_BUFFER), and what is written to it may land in other data of the module. With
   * threads the memory is shared: not every browser's VideoFrame.copyTo takes that, and a view from
   * before a growth is copied instead.
   */
  buffer(byteLength: number): Uint8Array;
  /** Fused depth of the newest scored clip: of a pair of frames from 0 on, or the mean of all; null
   * if there is no such pair, clip or scorer. */
  depth(pair?: 'mean' | number): DepthMap | null;
  /**
   * The newest clip's score by the scorer that makes depth maps, with face masks of the caller's,
   * as the papers have them: [pairs][size][size] values 0 .. 1, pairs and size as of depth(), for
   * the first frame of every pair. Decides nothing.
   */
  maskedScore(masks: Float32Array): number;
  /** Forgets the clip, the scores and the clock: call between persons. */
  reset(): void;
  close(): void;
}

/** The default export of build/livedepth-*.mjs. */
export type ModuleFactory = (options: object) => Promise<unknown>;
export type LoadEngine = (
  factory: ModuleFactory,
  options?: {
    /** Compiled or not; else the factory fetches the file beside it. */
    wasmModule?: WebAssembly.Module;
    wasmBinary?: Uint8Array | ArrayBuffer;
    /** More than 1 needs an "-mt" module. */
    threads?: number;
    /** Of an "-mt" module, shared: to choose its maximum. */
    wasmMemory?: WebAssembly.Memory;
    /** The core-*.js of dist start no worker and load no Node module by themselves: this makes the
     * worker of one thread (pthread-*.js), */
    spawnPthread?: () => unknown;
    /** and this is Node's. */
    createRequire?: unknown;
  },
) => Promise<Engine>;

export class Engine {
  static load: LoadEngine;
  private constructor();
  readonly version: string;
  readonly threads: number;
  /** Bytes of wasm memory: grows, and goes back only when the engine is dropped. */
  readonly memoryBytes: number;
  /** The answer of livedepthw_layout(), for tests. */
  readonly layout: {
    size: number;
    fields: Record<string, ['i32' | 'f32', offset: number, count: number]>;
  } & Record<string, any>;
  /** Reads a weight file; the bytes are copied. */
  model(bytes: Uint8Array | ArrayBuffer): Model;
  /** No detector is needed with crop 'none'. With threads one session at a time (API_BUSY). */
  session(
    options: SessionOptions & {
      network: Model;
      detector?: Model | null;
      /** Each frame is a photo of its own, as of analyzePhoto(). Without clips. */
      photo?: boolean;
    },
  ): Session;
  /** Closes every session and model, ends the threads, drops the memory. Twice is fine. */
  close(): void;
}
