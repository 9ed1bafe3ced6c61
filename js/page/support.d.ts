// SPDX-License-Identifier: MIT
// Types of support.js: what this browser and page can do, before anything is downloaded.

export type Missing =
  | 'wasm'
  | 'simd'
  | 'worker'
  | 'getUserMedia'
  | 'secureContext'
  | 'cameraPolicy';

export interface Support {
  /** Nothing is missing. */
  readonly ok: boolean;
  readonly missing: readonly Missing[];
  readonly relaxedSimd: boolean;
  /** crossOriginIsolated, and more than one core. */
  readonly threads: boolean;
  /** How frames are taken: MediaStreamTrackProcessor, requestVideoFrameCallback with VideoFrame,
   * or a canvas. */
  readonly capture: 'track_processor' | 'video_frame' | 'canvas';
  /** Of the camera; 'unknown' where the browser does not tell. */
  readonly permission: 'granted' | 'denied' | 'prompt' | 'unknown';
  /** A browser inside another app, which often has no camera: offer "open in browser". */
  readonly inAppBrowser: boolean;
}

/** Asks for no permission, loads nothing, never throws; also in Node and under SSR. */
export function checkSupport(): Promise<Support>;
