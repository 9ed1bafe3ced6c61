// SPDX-License-Identifier: MIT
/// <reference lib="esnext.disposable" />
// Types of camera.js: a camera as a stream of frames that cannot leak.

import type { RawFrame } from '../check/liveness.js';

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
  /** Gives up the opening (a stream that comes later is stopped), and closes an open camera. */
  signal?: AbortSignal;
}

/** Hints that frames may not come from an ordinary camera. Never a verdict. */
export interface CameraSignals {
  /** The label names a known virtual camera. */
  readonly virtualLabel: boolean;
  /** The label says infrared. */
  readonly infraredLabel: boolean;
  /** The track is of no device that the browser lists, as that of a canvas. */
  readonly unlisted: boolean;
  /** Frame times too even for a sensor; null before 30 frames, and where frames come without the
   * sensor's time. */
  readonly constantTimestamps: boolean | null;
}

export interface CameraDevice {
  readonly deviceId: string;
  readonly label: string;
  readonly facing: 'user' | 'environment' | 'unknown';
  readonly suspect: 'virtual' | 'infrared' | null;
}

/**
 * Events: "pause" (detail 'page_hidden' | 'camera_muted'; once more when the reason changes),
 * "resume", "restart" (another camera, a turned phone, or a jump in time: what was captured belongs
 * to another stream), "lost" (detail: a LivenessError; the camera is closed). It closes itself when
 * the page is left. A FrameFeed for session.attach().
 */
export interface Camera extends EventTarget {
  readonly stream: MediaStream;
  readonly track: MediaStreamTrack;
  readonly device: CameraDevice;
  readonly signals: CameraSignals;
  readonly capture: 'track_processor' | 'video_frame' | 'canvas';
  /** Why no frames come: a camera may be paused before anybody listens. */
  readonly paused: 'page_hidden' | 'camera_muted' | null;
  /** Frames that nobody took in time; they were closed. */
  readonly dropped: number;
  /** Frames handed out, whose owner closes them (a session does). */
  readonly delivered: number;
  /**
   * The newest frame, again and again; one reader at a time (else API_BUSY). What nobody waits for
   * is closed and counted when the next one comes, or at once while the reader's last frame is
   * open (two open frames stall a camera); frames of a pause are closed. Times rise strictly from
   * one "restart" or "resume" to the next. Ends after close(), or when the page stops the track;
   * throws CAMERA_LOST, or CAMERA_FROZEN after two seconds without a frame, six without a first
   * (unless paused): the camera is closed then. Leaving the loop closes the waiting frame and not
   * the camera.
   */
  frames(): AsyncIterableIterator<VideoFrame | RawFrame>;
  /** Another camera in place of this one, with a "restart" event. If it cannot be opened the old
   * one goes on, unless that had to be stopped first, as on most phones: then this camera is lost.
   * CAMERA_NONE: no such device. */
  switchTo(deviceId: string): Promise<void>;
  /** The light goes off. Twice is fine. */
  close(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

/**
 * Asks for the camera. Errors: CAMERA_INSECURE_CONTEXT, CAMERA_UNSUPPORTED (no getUserMedia, or no
 * constraints that it accepts), CAMERA_DENIED (retryable where the browser will ask again),
 * CAMERA_POLICY (Permissions-Policy forbids it),
 * CAMERA_TIMEOUT (no answer, or the question was dismissed), CAMERA_NONE, CAMERA_IN_USE,
 * CAMERA_BELOW_MINIMUM, ENV_CANVAS_BLOCKED, API_ABORTED.
 */
export function openCamera(options?: CameraOptions): Promise<Camera>;

/** Empty where there are no cameras to ask for; labels are empty until the person has allowed a
 * camera once. */
export function listCameras(): Promise<CameraDevice[]>;
