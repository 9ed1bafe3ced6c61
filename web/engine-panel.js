// SPDX-License-Identifier: MIT
// What runs here, and how fast.

import { $, fixed, make, setText } from './dom.js';
import { STAGES } from './record.js';
import { CAPTURES, FALLBACKS } from './words.js';

const LABELS = {
  detect: 'find the face',
  crop: 'crop',
  trunk: 'trunk',
  pair: 'pair block',
  recurrent: 'ConvGRU, depth',
  push: 'whole frame, both ways',
};
const FACTS = [
  'Variant', 'Threads', 'Isolated', 'Model', 'Weights', 'Wasm', 'Detector', 'Capture',
  'Camera signals',
];
const COUNTS = ['Looked at', 'Dropped', 'Memory'];
const SIGNALS = {
  virtualLabel: 'named like a virtual camera',
  infraredLabel: 'infrared',
  unlisted: 'not a listed device',
  constantTimestamps: 'frame times too even',
};

export const shortHash = (hash) => (hash ? hash.slice(0, 12) : '–');

/** @param {import('../js/camera.js').CameraSignals | null} signals */
function signalsText(signals) {
  if (!signals) return '–';
  const seen = Object.keys(SIGNALS).filter((name) => signals[name]).map((name) => SIGNALS[name]);
  return seen.length > 0 ? seen.join(', ') : 'nothing unusual';
}

export class EnginePanel {
  #facts = new Map([...FACTS, ...COUNTS].map((name) => [name, make('dd', {}, '–')]));
  /** p50 and p95 of each stage. */
  #cells = new Map(STAGES.map((stage) => (
    [stage, [0, 1].map(() => make('td', { class: 'value' }, '–'))])));

  constructor() {
    for (const [name, value] of this.#facts) {
      const list = $(COUNTS.includes(name) ? 'counts' : 'facts');
      list.append(make('div', {}, make('dt', {}, name), value));
    }
    for (const [stage, cells] of this.#cells) {
      $('times').append(make('tr', {}, make('th', { scope: 'row' }, LABELS[stage]), ...cells));
    }
  }

  /** @param {import('../js/liveness.js').Liveness | null} liveness */
  engine(liveness) {
    const info = liveness?.info;
    const why = info?.fallback.map((each) => FALLBACKS[each]).join(', ');
    this.#set('Variant', info?.variant);
    this.#set('Threads', info && (why ? `${info.threads}: ${why}` : info.threads));
    this.#set('Isolated', globalThis.crossOriginIsolated
      ? 'yes, threads are possible' : 'no: that needs COOP and COEP headers');
    this.#set('Model', info?.model.id);
    this.#hash('Weights', info?.model.sha256);
    this.#hash('Wasm', info?.wasm.sha256);
    this.#hash('Detector', info?.detector?.sha256);
  }

  /**
   * @param {import('./record.js').Record} record
   * @param {{
   *   memoryBytes?: number, camera?: import('../js/camera.js').Camera | null, dropped: number,
   * }} run
   */
  run(record, { memoryBytes, camera, dropped }) {
    const { times, rate } = record;
    for (const [stage, [p50, p95]] of this.#cells) {
      setText(p50, fixed(times[stage]?.p50, 1));
      setText(p95, fixed(times[stage]?.p95, 1));
    }
    this.#set('Memory', memoryBytes && `${(memoryBytes / 2 ** 20).toFixed(1)} MiB`);
    this.#set('Looked at', rate === null ? '–' : `${rate.toFixed(1)} frames a second`);
    this.#set('Dropped', `${dropped} frames`);
    this.#set('Capture', camera ? CAPTURES[camera.capture] : '–');
    this.#set('Camera signals', signalsText(camera?.signals ?? null));
  }

  #hash(name, hash) {
    this.#set(name, shortHash(hash));
    this.#facts.get(name).title = hash ?? '';
  }

  #set(name, value) {
    setText(this.#facts.get(name), String(value ?? '–'));
  }
}
