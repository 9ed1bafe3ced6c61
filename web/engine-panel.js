// SPDX-License-Identifier: MIT
// What runs here, and how fast.

import { $, fixed, make, setText } from './dom.js';
import { CAPTURES, FALLBACKS } from './words.js';

const FACTS = [
  'Variant',
  'Threads',
  'Isolated',
  'Model',
  'Scorers',
  'Views',
  'Weights',
  'Wasm',
  'Detector',
  'Capture',
  'Camera signals',
];
const COUNTS = ['Looked at', 'Dropped', 'Memory'];
const SIGNALS = {
  virtualLabel: 'named like a virtual camera',
  infraredLabel: 'infrared',
  unlisted: 'not a listed device',
  constantTimestamps: 'frame times too even',
};

const shortHash = (hash) => (hash ? hash.slice(0, 12) : '–');

/** @param {import('../js/page/camera.js').CameraSignals | null} signals */
function signalsText(signals) {
  if (!signals) return '–';
  const seen = Object.keys(SIGNALS)
    .filter((name) => signals[name])
    .map((name) => SIGNALS[name]);
  return seen.length > 0 ? seen.join(', ') : 'nothing unusual';
}

/** @typedef {{p50: number, p95: number} | null | undefined} Time */

export class EnginePanel {
  #facts = new Map([...FACTS, ...COUNTS].map((name) => [name, make('dd', {}, '–')]));
  /** Of each stage its cells for p50 and p95, and where its time is.
   * @type {{cells: HTMLElement[], time(times: any): Time}[]} */
  #times = [];

  constructor() {
    for (const [name, value] of this.#facts) {
      const list = $(COUNTS.includes(name) ? 'counts' : 'facts');
      list.append(make('div', {}, make('dt', {}, name), value));
    }
    this.#stages([]);
  }

  /** The rows of the times.
   * @param {readonly import('../js/engine/engine.js').ScorerDescription[]} scorers */
  #stages(scorers) {
    /** @type {[string, (times: any) => Time][]} */
    const stages = [
      ['find the face', ({ detect }) => detect],
      ['cut the views', ({ views }) => views],
      ...scorers.map(
        ({ name }) =>
          /** @type {[string, (times: any) => Time]} */ ([name, (times) => times.scorers[name]]),
      ),
      ['whole frame, both ways', ({ push }) => push],
    ];
    this.#times = stages.map(([, time]) => ({
      time,
      cells: [0, 1].map(() => make('td', { class: 'value' }, '–')),
    }));
    $('times').replaceChildren(
      ...stages.map(([label], i) =>
        make('tr', {}, make('th', { scope: 'row' }, label), ...this.#times[i].cells),
      ),
    );
  }

  /** @param {import('../js/check/liveness.js').Liveness | null} liveness */
  engine(liveness) {
    const info = liveness?.info;
    const why = info?.fallback.map((each) => FALLBACKS[each]).join(', ');
    this.#set('Variant', info?.variant);
    this.#set('Threads', info && (why ? `${info.threads}: ${why}` : info.threads));
    this.#set(
      'Isolated',
      globalThis.crossOriginIsolated
        ? 'yes, threads are possible'
        : 'no: that needs COOP and COEP headers',
    );
    this.#set('Model', info?.model.id);
    this.#set(
      'Scorers',
      info?.model.scorers
        .map(({ name, network, view }) => `${name} (${network}, sees ${view})`)
        .join(', '),
    );
    this.#set(
      'Views',
      info?.model.views
        .map(({ name, scale, size }) => `${name} (${scale} faces, ${size} px)`)
        .join(', '),
    );
    if (info) this.#stages(info.model.scorers);
    this.#hash('Weights', info?.model.sha256);
    this.#hash('Wasm', info?.wasm.sha256);
    this.#hash('Detector', info?.detector?.sha256);
  }

  /**
   * @param {import('./record.js').Record} record
   * @param {{
   *   memoryBytes?: number, camera?: import('../js/page/camera.js').Camera | null, dropped: number,
   * }} run
   */
  run(record, { memoryBytes, camera, dropped }) {
    const { times, rate } = record;
    for (const {
      cells: [p50, p95],
      time,
    } of this.#times) {
      setText(p50, fixed(time(times)?.p50, 1));
      setText(p95, fixed(time(times)?.p95, 1));
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
