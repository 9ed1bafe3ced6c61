// SPDX-License-Identifier: MIT
// Types of element.js: <liveness-check>, which the import defines. Importing it on a server is
// harmless and defines nothing.

import type { Camera } from './camera.js';
import type { ClipResult, Hint, Liveness, LivenessError, StartOptions } from '../check/liveness.js';
import type { LoadOptions } from './index.js';

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
 * code and "undecided.REASON"; strings.js has them all. An empty text hides its line.
 */
export type Strings = Record<string, string>;
export const STRINGS: Readonly<Strings>;

/**
 * Attributes: model, base-url, variant, threads, device-id, clips, timeout (milliseconds), mirror
 * ("off": show the picture unmirrored), lang and dir as everywhere. model, base-url, variant and
 * threads count from the next attempt on, with a new engine.
 * Events (bubbling, composed): liveness-state {state}, liveness-hint {hint, text}, liveness-result
 * (a ClipResult), liveness-error (a LivenessError), liveness-cancel. Camera and session are over
 * before result, error and cancel.
 * Parts: card, frame, video, oval, progress, hint, title, detail, button, cancel, note.
 * Custom properties: --liveness-accent, -on-accent, -text, -quiet, -surface, -line, -edge, -done,
 * -ring (colours; light or dark by the color-scheme of its place in the page), -radius, -font.
 */
export class LivenessCheckElement extends HTMLElement {
  readonly state: CheckState;
  /** While capturing. */
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
  /** Beyond the attributes, for liveness.start(); signal is the element's own. */
  startOptions: StartOptions;
  /** As if the button was pressed; resolves with the result, or rejects: with API_ABORTED after
   * cancel(), removal from the page, or outside of it. While an attempt is on: its promise. */
  start(): Promise<ClipResult>;
  /** Camera off, back to idle. */
  cancel(): Promise<void>;
}

declare global {
  interface HTMLElementTagNameMap {
    'liveness-check': LivenessCheckElement;
  }
  interface HTMLElementEventMap {
    'liveness-state': CustomEvent<{ state: CheckState }>;
    'liveness-hint': CustomEvent<{ hint: Hint; text: string }>;
    'liveness-result': CustomEvent<ClipResult>;
    'liveness-error': CustomEvent<LivenessError>;
    'liveness-cancel': CustomEvent<null>;
  }
}
