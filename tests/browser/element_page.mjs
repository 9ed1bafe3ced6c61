// SPDX-License-Identifier: MIT
// A page with <liveness-check> in it: what the tests call there, with an engine of their own.

import assert from 'node:assert/strict';
import { eventually, read } from '../support.mjs';
import { launch, liveCamera, openPage } from './support.mjs';

export const { STRINGS } = await import('../../dist/element.js'); // on a server nothing is defined
export const PAGE =
  '<meta name="viewport" content="width=device-width"><main><h1>Sign up</h1>' +
  '<liveness-check></liveness-check></main>' +
  '<script type="module" src="/livedepth/element.js"></script>';

export const TYPES = ['engine/engine', 'check/liveness']
  .map((name) => read(`js/${name}.d.ts`))
  .join('\n');
/** The texts that a type may be: `Hint`, `Reason`. @param {string} name */
export const union = (name) =>
  (TYPES.match(new RegExp(`type ${name} =([^;]*);`))?.[1] ?? '')
    .match(/'\w+'/g)
    ?.map((each) => each.slice(1, -1)) ?? [];

/** What the tests call in the page. */
export function install() {
  const el = document.querySelector('liveness-check');
  const root = el.shadowRoot;
  /** @type {MediaStreamTrack[]} */ const tracks = [];
  const media = navigator.mediaDevices;
  const real = media?.getUserMedia.bind(media);
  const events = [];
  for (const type of ['state', 'hint', 'result', 'error', 'cancel']) {
    document.addEventListener(`liveness-${type}`, ({ detail }) => events.push([type, detail]));
  }
  const part = (name) => root.querySelector(`[part="${name}"]`);
  const shown = (name) => (part(name).checkVisibility() ? part(name).textContent : null);
  const check = {
    el,
    events,
    tracks,
    sessions: [],
    closed: 0,
    outcome: null,
    part,
    /** The camera does what `how` says: a DOMException's name, 'never', 'later' or nothing. */
    camera(how) {
      media.getUserMedia = async (wish) => {
        if (how === 'never') await new Promise(() => {});
        if (how === 'later')
          await new Promise((go) => {
            check.answer = go;
          });
        else if (how) throw new DOMException('', how);
        const stream = await real(wish);
        tracks.push(...stream.getTracks());
        return stream;
      };
    },
    /** An engine whose sessions do what the test says. */
    engine: () => ({
      start(options) {
        const session = Object.assign(new EventTarget(), { hint: 'ok', options });
        session.on = (type, listener, more) =>
          session.addEventListener(type, ({ detail }) => listener(detail), more);
        session.say = (type, detail) => session.dispatchEvent(new CustomEvent(type, { detail }));
        session.attach = () =>
          new Promise((resolve, reject) => {
            Object.assign(session, { resolve, reject });
          });
        check.sessions.push(session);
        return session;
      },
      close() {
        check.closed++;
      },
    }),
    get session() {
      return check.sessions.at(-1);
    },
    /** Starts, and keeps what comes of it. */
    start() {
      check.outcome = null;
      el.start().then(
        ({ verdict }) => {
          check.outcome = verdict;
        },
        ({ code }) => {
          check.outcome = code;
        },
      );
    },
    see: () => ({
      state: el.state,
      title: shown('title'),
      detail: shown('detail'),
      note: shown('note'),
      button: shown('button'),
      cancel: shown('cancel'),
      focus: root.activeElement?.getAttribute('part') ?? null,
      live: tracks.filter(({ readyState }) => readyState === 'live').length,
      playing: !!part('video').srcObject,
    }),
  };
  if (media) check.camera(null);
  window.check = check;
}

/** A browser with the recorded camera. */
export const launchLive = async (after) => launch({ after }, { camera: await liveCamera() });

/** A page with the element in it. real: with the package's engine. */
export async function open(t, browser, { html = PAGE, real = false, ...options } = {}) {
  const opened = await openPage(t, browser, { html, ...options });
  const { page } = opened;
  await page.waitForFunction(() => document.querySelector('liveness-check')?.shadowRoot);
  await page.evaluate(install);
  if (!real)
    await page.evaluate(() => {
      check.el.liveness = check.engine();
    });
  t.after(() => page.context().close());
  const until = (state) => page.waitForFunction((wanted) => check.el.state === wanted, state);
  return {
    ...opened,
    see: () => page.evaluate(() => check.see()),
    until,
    /** Goes to a state with the test's engine. */
    async go(state) {
      await page.evaluate(() => check.el.reset());
      if (state === 'idle') return;
      const how = { starting: 'never', error: 'NotAllowedError' }[state] ?? null;
      await page.evaluate((each) => {
        check.camera(each);
        check.el.liveness = check.engine();
      }, how);
      if (state === 'loading') {
        await page.evaluate(() => {
          check.el.liveness = null;
          check.el.loadOptions = { model: '/hangs' };
        });
      }
      await page.evaluate(() => check.start());
      const last = ['starting', 'loading', 'error'].includes(state) ? state : 'capturing';
      await until(last);
      if (state === last) return;
      await page.evaluate((verdict) => {
        check.session.resolve({ verdict, reason: verdict === 'undecided' ? 'no_face' : null });
      }, state);
      await until(state);
    },
  };
}

/** Answers nothing, so that loading goes on. */
export const hang = (url) => url === '/hangs';
export const STATES = [
  'idle',
  'starting',
  'loading',
  'capturing',
  'live',
  'spoof',
  'undecided',
  'error',
];

/** No light, no worker. */
export async function assertSilence(page) {
  await page.waitForFunction(() => check.see().live === 0);
  await eventually(() => page.workers().length === 0);
  assert.equal((await page.evaluate(() => check.see())).playing, false);
}
