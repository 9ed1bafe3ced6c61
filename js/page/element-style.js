// SPDX-License-Identifier: MIT
// @ts-check
// The look of <liveness-check>.

const CSS = `
:host {
  --surface: #fff; --text: #18202c; --quiet: #4d586a; --line: #d5dbe5; --edge: #848ea0;
  --stage: #e9eef5; --inside: #f7f9fc; --person: #c3cedd;
  --accent: #1b5cc8; --on-accent: #fff; --done: #11734f; --done-inside: #e2f4ec;
  --fail: #b3261e; --fail-inside: #fdecea;
  display: block; box-sizing: border-box; inline-size: 100%; max-inline-size: 25rem;
  margin-inline: auto;
  color: var(--liveness-text, var(--text));
  font-family: var(--liveness-font, system-ui, sans-serif); font-size: 1rem; line-height: 1.4;
  font-style: normal; font-weight: 400; letter-spacing: normal; text-align: center;
  text-indent: 0; text-transform: none; text-shadow: none; white-space: normal;
  word-spacing: normal;
}
:host([hidden]) { display: none; }
@supports (color: light-dark(#000, #fff)) {
  :host {
    --surface: light-dark(#fff, #171b22); --text: light-dark(#18202c, #eef1f6);
    --quiet: light-dark(#4d586a, #b0bac8); --line: light-dark(#d5dbe5, #333b47);
    --edge: light-dark(#848ea0, #6d7889);
    --stage: light-dark(#e9eef5, #222934); --inside: light-dark(#f7f9fc, #2c3441);
    --person: light-dark(#c3cedd, #4b5768);
    --accent: light-dark(#1b5cc8, #8db6ff); --on-accent: light-dark(#fff, #0b1c38);
    --done: light-dark(#11734f, #5fd0a3); --done-inside: light-dark(#e2f4ec, #1d3a31);
    --fail: light-dark(#b3261e, #ffb4a9); --fail-inside: light-dark(#fdecea, #43211e);
  }
}
@supports not (color: light-dark(#000, #fff)) {
  @media (prefers-color-scheme: dark) {
    :host {
      --surface: #171b22; --text: #eef1f6; --quiet: #b0bac8; --line: #333b47; --edge: #6d7889;
      --stage: #222934; --inside: #2c3441; --person: #4b5768;
      --accent: #8db6ff; --on-accent: #0b1c38; --done: #5fd0a3; --done-inside: #1d3a31;
      --fail: #ffb4a9; --fail-inside: #43211e;
    }
  }
}
*, *::before, *::after { box-sizing: border-box; }
[hidden] { display: none !important; }
p { margin: 0; }
p, button { unicode-bidi: plaintext; overflow-wrap: anywhere; }
.card {
  container-type: inline-size;
  background: var(--liveness-surface, var(--surface));
  border: 1px solid var(--liveness-line, var(--line));
  border-radius: var(--liveness-radius, 1.25rem);
  overflow: hidden;
}
.inner { display: grid; grid-template-columns: minmax(0, 1fr); gap: 1rem; padding: 1rem; }
.frame {
  position: relative; overflow: hidden; aspect-ratio: 4 / 5;
  /* All of the card is to be seen without scrolling. */
  inline-size: min(100%, (100vh - 24.5rem) * .8); inline-size: min(100%, (100svh - 24.5rem) * .8);
  min-inline-size: min(100%, 13rem);
  margin-inline: auto;
  border-radius: calc(var(--liveness-radius, 1.25rem) * .7);
  background: var(--inside);
}
video, svg { position: absolute; inset: 0; inline-size: 100%; block-size: 100%; }
video { object-fit: cover; opacity: 0; transition: opacity .3s; }
.mirror video { transform: scaleX(-1); }
.camera .frame { background: #10151d; }
.camera video { opacity: 1; }
path { fill: none; stroke-linecap: round; stroke-linejoin: round; }
.shade { fill: var(--stage); stroke: none; }
.camera .shade { fill: rgb(9 14 22 / .66); }
.guide { stroke: var(--person); stroke-width: 2.5; stroke-dasharray: 1 9; }
.camera .guide { stroke: #fff; }
.camera.ok .guide { stroke-dasharray: none; }
.track { stroke: var(--inside); stroke-width: 7; }
.bar { stroke: var(--liveness-accent, var(--accent)); stroke-width: 7; }
.camera .track { stroke: rgb(255 255 255 / .28); }
.camera .bar { stroke: var(--liveness-ring, #6fdcb0); }
.bar { transition: stroke-dasharray .3s; }
.person { fill: var(--person); }
.camera .person, .live .person, .failed .person { visibility: hidden; }
.live .frame { background: var(--done-inside); }
.failed .frame { background: var(--fail-inside); }
.live .guide, .failed .guide { stroke-width: 5; stroke-dasharray: none; }
.live .guide { stroke: var(--liveness-done, var(--done)); }
.failed .guide, .failed .icon { stroke: var(--liveness-fail, var(--fail)); }
.failed .title { color: var(--liveness-fail, var(--fail)); }
.icon { stroke: var(--quiet); stroke-width: 8; visibility: hidden; }
.check { stroke: var(--liveness-done, var(--done)); stroke-width: 14; }
.live .check, .spoof .cross, .error.at-camera .no-camera,
.undecided .attention, .error:not(.at-camera) .attention {
  visibility: visible;
}
.attention, .cross { stroke-width: 13; }
select {
  position: absolute; inset-block-end: 2%; inset-inline: 0; margin-inline: auto;
  inline-size: fit-content; max-inline-size: 70%; block-size: 8.5%; min-block-size: 1.5rem;
  padding-inline: .5rem; border: 1px solid var(--edge); border-radius: 99rem;
  font: inherit; font-size: .8125rem; text-overflow: ellipsis; cursor: pointer;
  color: var(--text); background: var(--surface);
}
.text { display: grid; grid-template-columns: minmax(0, 1fr); gap: 1rem; align-content: start; }
.hint {
  display: grid; align-content: center; gap: .25rem; min-block-size: 7.75rem; outline: none;
  word-break: auto-phrase; /* Japanese between its phrases, not within a word */
}
.title {
  font-size: 1.375rem; font-weight: 650; line-height: 1.2; text-wrap: balance; hyphens: auto;
}
.capturing .title { font-size: 1.75rem; }
.detail { color: var(--liveness-quiet, var(--quiet)); text-wrap: balance; }
.percent { font-variant-numeric: tabular-nums; font-weight: 400; }
.actions { display: grid; min-block-size: 3rem; }
button {
  display: block; inline-size: 100%; min-block-size: 3rem; margin: 0; padding: .5rem 1rem;
  border: 2px solid transparent; border-radius: calc(var(--liveness-radius, 1.25rem) * .6);
  font: inherit; font-weight: 600; line-height: 1.2; text-align: center; cursor: pointer;
  color: var(--liveness-on-accent, var(--on-accent));
  background: var(--liveness-accent, var(--accent));
  touch-action: manipulation; -webkit-tap-highlight-color: transparent;
}
.cancel {
  color: inherit; background: none; border: 1px solid var(--liveness-edge, var(--edge));
}
button:hover { filter: brightness(1.07); }
button:active { filter: brightness(.93); }
button:focus-visible, select:focus-visible, .hint:focus-visible {
  outline: 3px solid var(--liveness-accent, var(--accent)); outline-offset: 2px;
}
.note { color: var(--liveness-quiet, var(--quiet)); font-size: .875rem; min-block-size: 1.4em; }
/* Chinese after its commas, not within a word, where the longest clause has room. */
@container (min-width: 21rem) {
  .hint:lang(zh) { word-break: keep-all; }
}
@container (max-width: 20rem) {
  .inner { padding: .75rem; gap: .75rem; }
  .title { font-size: 1.25rem; }
  .capturing .title { font-size: 1.5rem; }
}
@media (orientation: landscape) and (max-height: 30rem) {
  :host { max-inline-size: 42rem; }
  @container (min-width: 30rem) {
    .inner { grid-template-columns: auto minmax(0, 1fr); align-items: center; }
    .frame { inline-size: min(16rem, 60vh); inline-size: min(16rem, 60svh); }
  }
}
@media (prefers-reduced-motion: reduce) {
  *, *::before, *::after { transition: none !important; }
}
@media (forced-colors: active) {
  button { border-color: ButtonText; }
}
`;

/** A style sheet serves the document that it was made for.
 * @type {WeakMap<Document, CSSStyleSheet>} */
const sheets = new WeakMap();

/** @param {Document} document */
export function sheetOf(document) {
  const known = sheets.get(document);
  if (known) return known;
  const sheet = new /** @type {any} */ (document.defaultView ?? globalThis).CSSStyleSheet();
  sheet.replaceSync(CSS);
  sheets.set(document, sheet);
  return sheet;
}
