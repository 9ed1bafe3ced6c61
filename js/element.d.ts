// SPDX-License-Identifier: MIT
// Types of element.js: <liveness-check>, which the import defines.

import type { ClipResult, Hint, Liveness, LivenessError } from './liveness.js';
import type { LoadOptions } from './index.js';

export type CheckState =
  | 'idle' | 'loading' | 'starting' | 'capturing' | 'live' | 'spoof' | 'undecided' | 'error';

/** Every text that the element can show; keys are hints, states and error codes. */
export type Strings = Record<string, string>;
export const STRINGS: Readonly<Strings>;

/**
 * Attributes: model, base-url, variant, threads, device-id, clips, timeout (milliseconds), mirror
 * ("off": show the picture unmirrored), lang and dir as everywhere.
 * Events (bubbling, composed): liveness-state {state}, liveness-hint {hint, text}, liveness-result
 * (a ClipResult), liveness-error (a LivenessError), liveness-cancel.
 * Parts: frame, video, oval, progress, hint, button, cancel, note.
 */
export class LivenessCheckElement extends HTMLElement {
  readonly state: CheckState;
  readonly hint: Hint | null;
  /** Of the last attempt. */
  readonly result: ClipResult | null;
  readonly error: LivenessError | null;
  /** Overrides texts, one by one. */
  strings: Partial<Strings>;
  /** An engine of the page's own; else the element loads one and closes it when it is removed. */
  liveness: Liveness | null;
  /** Beyond the attributes, for loadLiveness. */
  loadOptions: LoadOptions;
  /** As if the button was pressed; resolves with the result, or rejects. */
  start(): Promise<ClipResult>;
  /** Camera off, back to idle. */
  cancel(): Promise<void>;
}

declare global {
  interface HTMLElementTagNameMap { 'liveness-check': LivenessCheckElement }
}
