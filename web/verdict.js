// SPDX-License-Identifier: MIT
// The verdict card: the word, why, the score between its thresholds, how far the next check is.

import { $, fixed, setText } from './dom.js';
import { REASONS, VERDICTS } from './words.js';

const percent = (value) => `${(Math.min(Math.max(value, 0), 1) * 100).toFixed(2)}%`;

export class VerdictCard {
  #card = $('verdict');
  #meter = $('meter');

  /** @param {{live: number, spoof: number}} thresholds */
  thresholds({ live, spoof }) {
    this.#meter.style.setProperty('--from-live', percent(live));
    this.#meter.style.setProperty('--below-spoof', percent(spoof));
    setText($('thresholds'), `live from ${fixed(live)} on, spoof below ${fixed(spoof)}`);
  }

  /** No verdict. @param {string} word @param {string} text  what to do, or what is being done */
  wait(word, text) {
    this.#set('none', 'dash', word, text);
    this.#score(null);
  }

  /**
   * @param {{verdict: string, reason: string | null, score: number | null}} result
   * @param {{so: 'far' | 'final', clips: number}} how  so far: more frames may come
   */
  show({ verdict, reason, score }, { so, clips }) {
    const { word, text, icon } = VERDICTS[verdict];
    const why = reason === null ? text : (REASONS[reason] ?? reason);
    this.#set(verdict, icon, so === 'far' ? `${word} so far` : word, why);
    this.#score(score, clips);
  }

  /** @param {number | null} share  null: nobody is being checked @param {string} [text] */
  progress(share, text = '') {
    $('progress-row').hidden = share === null;
    if (share === null) return;
    $('progress').value = share;
    setText($('progress-text'), text);
  }

  #set(verdict, icon, word, reason) {
    this.#card.dataset.verdict = verdict;
    $('verdict-icon').setAttribute('href', `#i-${icon}`);
    setText($('verdict-word'), word);
    setText($('verdict-reason'), reason);
  }

  #score(score, clips = 0) {
    setText($('score-label'), clips > 1 ? `Score of ${clips} clips` : 'Score');
    setText($('score'), fixed(score));
    this.#meter.classList.toggle('empty', score === null);
    if (score !== null) this.#meter.style.setProperty('--score', percent(score));
  }
}
