// SPDX-License-Identifier: MIT
// Types of <liveness-check> in the templates of React, Preact, Vue and Svelte; element.d.ts brings
// them along. (Angular knows no types of elements: CUSTOM_ELEMENTS_SCHEMA lets any be.)

import type { LivenessCheckElement, Strings } from './element.js';
import type { Liveness, StartOptions } from '../check/liveness.js';
import type { LoadOptions } from './index.js';

/** Attributes and properties of the element. */
export interface LivenessCheckProps {
  model?: string;
  'base-url'?: string;
  variant?: 'auto' | 'simd' | 'relaxed';
  threads?: number | 'auto';
  'device-id'?: string;
  clips?: number;
  timeout?: number;
  attempts?: number;
  mirror?: 'off';
  preload?: boolean;
  strings?: Partial<Strings>;
  liveness?: Liveness | null;
  loadOptions?: LoadOptions;
  startOptions?: StartOptions;
}

type Events = Pick<HTMLElementEventMap, Extract<keyof HTMLElementEventMap, `liveness-${string}`>>;
/** Listeners as the framework writes them: the prefix, then the event's name. */
type Listeners<Prefix extends string> = {
  [Type in keyof Events as `${Prefix}${Type}`]?: (event: Events[Type]) => void;
};

/** As Vue writes what a component emits: a function of each event, all in one. */
type Emit<Each = { [Type in keyof Events]: (type: Type, event: Events[Type]) => void }> = (
  Each[keyof Each] extends infer One
    ? One extends unknown
      ? (one: One) => void
      : never
    : never
) extends (all: infer All) => void
  ? All
  : never;

/** What every element has. */
interface Common {
  id?: string;
  class?: string;
  className?: string;
  style?: object | string;
  lang?: string;
  dir?: 'ltr' | 'rtl' | 'auto';
  hidden?: boolean;
  slot?: string;
  title?: string;
  key?: string | number | bigint | null;
  ref?:
    | { current: LivenessCheckElement | null }
    | ((e: LivenessCheckElement | null) => void)
    | null;
  [data: `data-${string}`]: unknown;
  [aria: `aria-${string}`]: unknown;
}

type Jsx = LivenessCheckProps & Listeners<'on'> & Common;

// A framework that is not there is none to add to, which is no error.
// @ts-ignore
declare module 'react' {
  namespace JSX {
    interface IntrinsicElements {
      'liveness-check': Jsx;
    }
  }
}
// @ts-ignore
declare module 'preact' {
  namespace JSX {
    interface IntrinsicElements {
      'liveness-check': Jsx;
    }
  }
}
// @ts-ignore
declare module 'vue' {
  interface GlobalComponents {
    'liveness-check': new () => { $props: LivenessCheckProps & Common; $emit: Emit };
  }
}
// @ts-ignore
declare module 'svelte/elements' {
  interface SvelteHTMLElements {
    'liveness-check': LivenessCheckProps & Listeners<'on'> & Listeners<'on:'> & Common;
  }
}
