// SPDX-License-Identifier: MIT
// What each scorer said: its score, what that adds to the verdict, and which of them decided.

import { $, fixed, make, setText } from './dom.js';

/** A vote is weight * logit(score), and logits end here: scores are clamped to 1e-4 .. 1 - 1e-4. */
const LARGEST_LOGIT = Math.log(1e4 - 1);
const SIGNS = { live: 1, spoof: -1, undecided: 0 };

/**
 * The scorer with the largest vote in the verdict's direction; null: none has one.
 *
 * @param {Record<string, number | null>} votes
 * @param {import('../js/engine/engine.js').Verdict} verdict
 */
function decidedBy(votes, verdict) {
  const said = Object.entries(votes).map(([name, vote]) => ({
    name,
    weight: SIGNS[verdict] * (vote ?? 0),
  }));
  const [first] = said.filter(({ weight }) => weight > 0).sort((a, b) => b.weight - a.weight);
  return first?.name ?? null;
}

/** @param {number | null} vote */
const voteText = (vote) => (vote !== null && vote > 0 ? `+${fixed(vote, 2)}` : fixed(vote, 2));

export class ScorersPanel {
  /** @type {Map<string, HTMLElement>} */ #rows = new Map();
  #most = 1;

  /** One row for each.
   * @param {readonly import('../js/engine/engine.js').ScorerDescription[]} scorers */
  scorers(scorers) {
    this.#most = LARGEST_LOGIT * Math.max(...scorers.map(({ weight }) => weight));
    this.#rows = new Map(
      scorers.map(({ name, network, view, weight }) => {
        const label = make(
          'th',
          { scope: 'row', title: `${network}, sees ${view}` },
          make('span', {}, name),
          make('span', { class: 'decided', hidden: '' }, 'decided'),
        );
        const vote = make(
          'td',
          { class: 'value', title: `weight ${weight}` },
          make('span', {}, '–'),
          make('i', { class: 'vote', 'aria-hidden': 'true' }, make('b')),
        );
        return [
          name,
          make('tr', { 'data-scorer': name }, label, make('td', { class: 'value' }, '–'), vote),
        ];
      }),
    );
    $('scorers').replaceChildren(...this.#rows.values());
  }

  /** @param {{scores: Record<string, number | null>, votes: Record<string, number | null>,
   *   verdict: import('../js/engine/engine.js').Verdict}} result */
  show({ scores, votes, verdict }) {
    const decided = decidedBy(votes, verdict);
    for (const [name, row] of this.#rows) {
      this.#write(row, scores[name], votes[name], name === decided);
    }
  }

  clear() {
    for (const row of this.#rows.values()) this.#write(row, null, null, false);
  }

  /** @param {HTMLElement} row @param {number | null} score @param {number | null} vote
   * @param {boolean} decided */
  #write(row, score, vote, decided) {
    const [label, value, last] = /** @type {any} */ (row.children);
    setText(value, fixed(score));
    setText(last.firstElementChild, voteText(vote));
    label.lastElementChild.hidden = !decided;
    const share = Math.min(Math.abs(vote ?? 0) / this.#most, 1);
    last.dataset.side = (vote ?? 0) < 0 ? 'spoof' : 'live';
    last.style.setProperty('--vote', `${(50 * share).toFixed(1)}%`);
  }
}
