// SPDX-License-Identifier: MIT
// Types of element.js: <liveness-check>, which the import defines. Importing it on a server is
// harmless and defines nothing.

import type { Camera } from './camera.js';
import type { ClipResult, Hint, Liveness, LivenessError, StartOptions } from '../check/liveness.js';
import type { LoadOptions } from './index.js';

export type { LivenessCheckProps } from './frameworks.js';

/**
 * starting: the camera is asked for, while the engine comes; loading: there is a picture, and the
 * engine still comes; capturing: hints and the ring follow the session.
 */
export type CheckState =
  | 'idle'
  | 'starting'
  | 'loading'
  | 'capturing'
  | 'live'
  | 'spoof'
  | 'undecided'
  | 'error';

/**
 * Every text that the element can show, by hint, state ("STATE.detail": its second line), error
 * code and "undecided.REASON". An empty text hides its line. STRINGS has them all, in English; those
 * in ar, de, es, fr, hi, it, ja, pl, pt, tr and zh are loaded where they are spoken.
 */
export type Strings = Record<string, string>;
export const STRINGS: Readonly<Strings>;

/**
 * Attributes: model, base-url, variant, threads, device-id, clips, timeout (milliseconds), attempts
 * (how many may fail, spoof or undecided, before no other is offered: 1 .. Infinity, default 3;
 * errors are none), mirror ("off": show the picture unmirrored), preload (load the engine before the
 * first attempt), lang and dir as everywhere. model, base-url, variant and threads count from the
 * next attempt on, with a new engine; lang, of the element or of what is about it, when the element
 * comes into the page, and at each start.
 * Events (bubbling, composed): liveness-state {state}, liveness-hint {hint, text}, liveness-result
 * (a ClipResult), liveness-exhausted {attempts, result} (after the last failed result),
 * liveness-error (a LivenessError), liveness-cancel. Camera and session are over before result,
 * error and cancel.
 * Parts: card, frame, video, oval, progress, camera (a choice, where there are several), hint,
 * title, detail, button, cancel, note.
 * Custom properties: --liveness-accent, -on-accent, -text, -quiet, -surface, -line, -edge, -done,
 * -fail, -ring (colours; light or dark by the color-scheme of its place in the page), -radius, -font.
 * Nothing in it flashes, and it keeps its height from state to state.
 */
export class LivenessCheckElement extends HTMLElement {
  readonly state: CheckState;
  /** While capturing, from the first frame on. */
  readonly hint: Hint | null;
  /** Of the last attempt. */
  readonly result: ClipResult | null;
  readonly error: LivenessError | null;
  /** Of the last attempt; its device and signals can be read when it is closed, too. */
  readonly camera: Camera | null;
  /** Overrides texts, one by one; at any time, by a new object. */
  strings: Partial<Strings>;
  /** An engine of the page's own; else the element loads one, keeps it for the next attempt and
   * closes it when it is removed. */
  liveness: Liveness | null;
  /** Beyond the attributes, for loadLiveness; signal is the element's own. */
  loadOptions: LoadOptions;
  /** Beyond the attributes, for liveness.start(); signal is the element's own. With `verified` more
   * than the verdict leaves the device: give strings.note a text that says so. */
  startOptions: StartOptions;
  /** As if the button was pressed; resolves with the result, or rejects: with API_ABORTED after
   * cancel(), removal from the page, or outside of it, with API_LIMIT when too many attempts have
   * failed. While an attempt is on: its promise. */
  start(): Promise<ClipResult>;
  /** Camera off, back to idle. */
  cancel(): Promise<void>;
  /** Back to idle, and no attempt has failed: another person. */
  reset(): Promise<void>;
}

declare global {
  interface HTMLElementTagNameMap {
    'liveness-check': LivenessCheckElement;
  }
  interface HTMLElementEventMap {
    'liveness-state': CustomEvent<{ state: CheckState }>;
    'liveness-hint': CustomEvent<{ hint: Hint; text: string }>;
    'liveness-result': CustomEvent<ClipResult>;
    'liveness-exhausted': CustomEvent<{ attempts: number; result: ClipResult }>;
    'liveness-error': CustomEvent<LivenessError>;
    'liveness-cancel': CustomEvent<null>;
  }
}
