// SPDX-License-Identifier: MIT
// Types of record.js.

import type { Variant, Verdict } from '../engine/engine.js';

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
}

/** What a record says beside the bytes of the views, in this order. */
export interface RecordHeader {
  format: 1;
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
