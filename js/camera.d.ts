// SPDX-License-Identifier: MIT
// Types of camera.js: a camera as a stream of frames that cannot leak.

import type { FrameFeed, RawFrame } from './liveness.js';

export interface CameraOptions {
  /** Of listCameras(). A device that is gone falls back to the default one. */
  deviceId?: string;
  facingMode?: 'user' | 'environment';
  /** Wishes, not demands: 1280 x 720. Below 320 x 240 the camera is refused. */
  width?: number;
  height?: number;
  /** An element to show the picture in and, without MediaStreamTrackProcessor, to take frames from.
   * Without one a hidden element is made where it is needed. */
  video?: HTMLVideoElement;
  /** Until the person answers the browser's question; default 60000. */
  promptTimeoutMs?: number;
  signal?: AbortSignal;
}

/** Hints that frames may not come from an ordinary camera. Never a verdict. */
export interface CameraSignals {
  /** The label names a known virtual camera. */
  readonly virtualLabel: boolean;
  /** The label says infrared. */
  readonly infraredLabel: boolean;
  /** The track has no capabilities, as those of a canvas have none. */
  readonly capabilitiesMissing: boolean;
  /** Frame times too even for a sensor; null before 30 frames. */
  readonly constantTimestamps: boolean | null;
}

export interface CameraDevice {
  readonly deviceId: string;
  readonly label: string;
  readonly facing: 'user' | 'environment' | 'unknown';
  readonly suspect: 'virtual' | 'infrared' | null;
}

/**
 * Events: "pause" (detail 'page_hidden' | 'camera_muted'), "resume", "restart" (another camera, a
 * turned phone, or a jump in time: what was captured belongs to another stream), "lost" (detail: a
 * LivenessError).
 */
export interface Camera extends EventTarget, FrameFeed {
  readonly stream: MediaStream;
  readonly track: MediaStreamTrack;
  readonly device: CameraDevice;
  readonly signals: CameraSignals;
  readonly capture: 'track_processor' | 'video_frame' | 'canvas';
  /** Frames that nobody took in time; they were closed. */
  readonly dropped: number;
  /** Frames handed out, whose owner closes them (a session does). */
  readonly delivered: number;
  /**
   * The newest frame, again and again; one reader at a time. Late frames are closed and counted.
   * Ends after close(); throws CAMERA_LOST, or CAMERA_FROZEN after two seconds without a frame
   * (unless paused).
   */
  frames(): AsyncIterableIterator<VideoFrame | RawFrame>;
  /** Another camera in place of this one, with a "restart" event. */
  switchTo(deviceId: string): Promise<void>;
  /** The light goes off. Twice is fine. */
  close(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

/**
 * Asks for the camera. Errors: CAMERA_INSECURE_CONTEXT, CAMERA_UNSUPPORTED (no getUserMedia, or no
 * constraints that it accepts), CAMERA_DENIED, CAMERA_POLICY (Permissions-Policy forbids it),
 * CAMERA_TIMEOUT (no answer), CAMERA_NONE, CAMERA_IN_USE, CAMERA_BELOW_MINIMUM, API_ABORTED.
 */
export function openCamera(options?: CameraOptions): Promise<Camera>;

/** Labels are empty until the person has allowed a camera once. */
export function listCameras(): Promise<CameraDevice[]>;
