// SPDX-License-Identifier: MIT
// Ways to give a verified session what no camera saw, each tried in Chromium against the example
// server: docs/threats.md says which pass. A server proves what was computed, not what was seen.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { loadLiveness } from '../../js/node/node.js';
import { openRecord } from '../../js/server/read-record.js';
import { createVerifier } from '../../js/server/server.js';
import { startVerifying } from '../../web/verify.mjs';
import { launch, liveCamera } from './support.mjs';

let verifier;
let server;
before(async () => {
  verifier = await createVerifier({ size: 1 });
  server = await startVerifying({ verifier });
});
after(async () => {
  await server?.close();
  await verifier?.close();
});

/** The client's page in a browser with this camera. init: runs before the page's own scripts. */
async function openClient(t, { camera = 'pattern', init, worker } = {}) {
  const browser = await launch(t, { camera });
  const page = await (await browser.newContext()).newPage();
  if (init) await page.addInitScript(init);
  if (worker) {
    // With the headers of the real one: an isolated page takes no other.
    await page.route('**/worker-simd*.js', async (route) =>
      route.fulfill({ response: await route.fetch(), body: worker }),
    );
  }
  /** The bodies that the page sent. @type {Buffer[]} */ const records = [];
  page.on('request', (request) => {
    if (request.url().endsWith('/verify')) records.push(request.postDataBuffer());
  });
  await page.goto(`${server.origin}/verified.html`);
  return { page, records };
}

/** What the page shows of the server's answer, after a check. */
async function check(page) {
  await page.locator('liveness-check').evaluate((element) => element.start().catch(() => {}));
  const answer = page.locator('#answer');
  await answer.filter({ hasText: /says|refuses|No record was sent:/ }).waitFor();
  return answer.textContent();
}

/** What a record says that its page noticed of the camera. @param {Buffer} record */
function noticed(record) {
  const { unlisted, virtualLabel, infraredLabel } = openRecord(record).header.signals;
  return { unlisted, virtualLabel, infraredLabel };
}

const NOTHING = { unlisted: false, virtualLabel: false, infraredLabel: false };

/** Plays a clip of the page's server into a canvas, and calls the canvas a camera. */
function injectCanvas(careful) {
  const media = navigator.mediaDevices;
  const getUserMedia = async () => {
    const video = document.createElement('video');
    Object.assign(video, { src: '/clips/live.mp4', muted: true, loop: true });
    await video.play();
    const canvas = document.createElement('canvas');
    Object.assign(canvas, { width: video.videoWidth, height: video.videoHeight });
    const context = canvas.getContext('2d');
    const draw = () => {
      context.drawImage(video, 0, 0);
      for (let i = 0; i < 200; i++) {
        // Noise: a check on a busy machine sees the video's end, and no frame may come again.
        context.fillStyle = `hsl(${360 * Math.random()} 50% 50% / 10%)`;
        context.fillRect(canvas.width * Math.random(), canvas.height * Math.random(), 2, 2);
      }
      video.requestVideoFrameCallback(draw);
    };
    draw();
    const stream = canvas.captureStream(30);
    if (careful) {
      const [track] = stream.getVideoTracks();
      const settings = { ...track.getSettings(), deviceId: 'a', facingMode: 'user' };
      Object.defineProperty(track, 'label', { value: 'Integrated Camera (04f2:b6d9)' });
      track.getSettings = () => settings;
      media.enumerateDevices = async () => [
        { deviceId: 'a', groupId: 'b', kind: 'videoinput', label: track.label },
      ];
    }
    return stream;
  };
  media.getUserMedia = careful
    ? new Proxy(media.getUserMedia, { apply: getUserMedia }) // its text is still "[native code]"
    : getUserMedia;
}

/** A worker that computes nothing and says what its owner likes. */
const FAKE_WORKER = `
const view = (x, side) => ({ x, y: 0, width: side, height: side });
const result = (n) => ({
  state: n < 5 ? 'filling' : 'scored', verdict: n < 10 ? 'undecided' : 'live', reason: null,
  frameReason: null, score: 0.99, clipScore: 0.99, scores: { depth: 0.99, near: 0.99, wide: 0.99 },
  votes: { depth: 1, near: 1, wide: 1 }, clips: Math.max(0, n - 4), clipsNeeded: 6, frames: n,
  runFrames: n, clipFrames: Math.min(n, 5), timestamp: n * 1e5, size: { width: 640, height: 480 },
  faces: 1, face: { box: view(200, 120), confidence: 1, landmarks: [] }, turn: 0,
  views: { face: view(170, 180), near: view(98, 324), wide: view(20, 480) },
  quality: null, depth: null, ms: { detect: 1, views: 1, scorers: {} },
});
let n = 0;
const answers = {
  load: () => ({ version: '0.1.0', model: MODEL }),
  open: () => 1,
  push: async (_, frame) => {
    frame.close?.();
    await new Promise((resolve) => setTimeout(resolve, 110)); // it says 100 ms: there was that time
    return result(++n);
  },
  views: () => new Uint8Array(87552).map((_, i) => (i * n) >> 3),
  depth: () => null, reset: () => {}, shut: () => {},
};
onmessage = async ({ data: { id, name, args } }) => {
  postMessage({ id, result: await answers[name](...args), memoryBytes: 1 });
};
postMessage({ ready: true });
`;

test('passes: a file as the camera, which stands for a virtual camera', async (t) => {
  const { page, records } = await openClient(t, { camera: await liveCamera() });
  assert.match(await check(page), /^The server says: live \(/);
  assert.deepEqual(noticed(records[0]), NOTHING);
  assert.ok(records[0].length < 2e6);
});

test('passes: a canvas behind getUserMedia; the hints notice it', async (t) => {
  const { page, records } = await openClient(t, { init: `(${injectCanvas})(false)` });
  assert.match(await check(page), /^The server says: live \(/);
  assert.deepEqual(noticed(records[0]), { ...NOTHING, unlisted: true });
});

test('passes: a careful one; nothing notices it', async (t) => {
  const { page, records } = await openClient(t, { init: `(${injectCanvas})(true)` });
  assert.match(await check(page), /^The server says: live \(/);
  assert.deepEqual(noticed(records[0]), NOTHING);
});

test('refused: a worker that makes its answers up', async (t) => {
  const liveness = await loadLiveness();
  await liveness.close();
  const { sha256, ...model } = liveness.info.model;
  const worker = `const MODEL = ${JSON.stringify(model)};${FAKE_WORKER}`;
  const { page } = await openClient(t, { camera: 'pattern', worker });
  assert.match(await check(page), /^The server refuses the record: RECORD_VIEWS/);
});

test('refused: a record that was sent before, with its nonce and with a new one', async (t) => {
  const { page, records } = await openClient(t, { camera: await liveCamera() });
  assert.match(await check(page), /^The server says: live \(/);
  const send = (body) =>
    page.evaluate(async (bytes) => {
      const answer = await fetch('/verify', { method: 'POST', body: new Uint8Array(bytes) });
      return (await answer.json()).error;
    }, body);
  assert.equal(await send([...records[0]]), 'RECORD_NONCE_USED');
  const nonce = await page.evaluate(async () => {
    const answer = await fetch('/nonce', { method: 'POST' });
    return (await answer.json()).nonce;
  });
  const text = records[0].toString('latin1').replace(/"nonce":"[^"]*"/, `"nonce":"${nonce}"`);
  const error = await send([...Buffer.from(text, 'latin1')]);
  assert.match(error, /^RECORD_(TIME|CHAIN)$/);
});
