// SPDX-License-Identifier: MIT
// Frames as browsers have them: other formats and colours, a copyTo that does not convert, pixels
// that are not square, frames that are turned, and a canvas that does not give back what is on it.

import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { loadLiveness } from '../../js/node/node.js';
import { liveFrames, read } from '../support.mjs';
import { launch, liveCamera, openPage, STRICT_CSP } from './support.mjs';

const browser = await launch({ after });
const frames = await liveFrames();
const given = frames.map(({ data, ...rest }) => ({
  ...rest,
  data: Buffer.from(data).toString('base64'),
}));
const node = await loadLiveness({ variant: 'simd', threads: 1 });
after(() => node.close());
const own = await node.analyze(frames);

/** Older browsers, by what they lack; runs in the worker, and perhaps in the page. */
const LACKS = {
  nothing: '',
  'conversion in copyTo': `for (const name of ['allocationSize', 'copyTo']) {
    const real = VideoFrame.prototype[name];
    VideoFrame.prototype[name] = function plain(...args) {
      const options = args.pop();
      if (options && 'format' in options) delete options.format;
      return real.call(this, ...args, options);
    };
  }`,
  'conversion of this format': `const real = VideoFrame.prototype.allocationSize;
    VideoFrame.prototype.allocationSize = function refuse(options) {
      if (options?.format) throw new DOMException('no', 'NotSupportedError');
      return real.call(this, options);
    };`,
  'canvas read-back': `for (const kind of [globalThis.CanvasRenderingContext2D,
      OffscreenCanvasRenderingContext2D]) {
    if (!kind) continue;
    const real = kind.prototype.getImageData;
    kind.prototype.getImageData = function white(...args) {
      const image = real.apply(this, args);
      image.data.fill(255);
      return image;
    };
  }`,
};

/** A page whose worker lacks that. */
function open(t, lack) {
  return openPage(t, browser, {
    csp: STRICT_CSP.replace('wasm-unsafe-eval', 'unsafe-eval'), // for new Function
    answer(url, response) {
      if (!url.endsWith('/worker-simd.js')) return false;
      response.writeHead(200, {
        'content-type': 'text/javascript',
        'cross-origin-embedder-policy': 'require-corp',
      });
      response.end(`${LACKS[lack]}\n${read('dist/worker-simd.js')}`);
      return true;
    },
  });
}

/** Opens such a page, with an engine and the clip. What analyzes the clip there, each frame as
 * `make` gives it: its score, or the error's code. */
async function openScoring(t, lack) {
  const { page, errors } = await open(t, lack);
  await page.evaluate(async (clip) => {
    const { loadLiveness } = await import('/livedepth/index.js');
    globalThis.liveness = await loadLiveness({ variant: 'simd', threads: 1 });
    globalThis.clip = clip.map(({ data, ...rest }) => ({
      ...rest,
      data: Uint8Array.from(atob(data), (c) => c.charCodeAt(0)),
    }));
  }, given);
  const scoreOf = (make) =>
    page.evaluate(async (text) => {
      const made = clip.map(new Function(`return ${text}`)());
      try {
        const { score, verdict } = await liveness.analyze(made, { depth: 'none' });
        const left = made.filter(({ codedWidth }) => codedWidth > 0).length;
        return { score, verdict, left };
      } catch (error) {
        return error.code ?? String(error);
      }
    }, make);
  return { scoreOf, errors };
}

/** As the frame is, but with chroma in `format`, and colours of `matrix`. */
const frameIn = (format, matrix) => `({ data, width: w, height: h, timestamp }) => {
  const [y, u, v] = [data.subarray(0, w * h), data.subarray(w * h, w * h * 5 / 4),
    data.subarray(w * h * 5 / 4)];
  const plane = (from, dx, dy) => Uint8Array.from({ length: w * h / dx / dy }, (_, i) =>
    from[((((i / (w / dx)) | 0) * dy) >> 1) * w / 2 + (((i % (w / dx)) * dx) >> 1)]);
  const chroma = {
    I420: () => [u, v],
    I422: () => [plane(u, 2, 1), plane(v, 2, 1)],
    I444: () => [plane(u, 1, 1), plane(v, 1, 1)],
    NV12: () => [Uint8Array.from({ length: w * h / 2 }, (_, i) => (i % 2 ? v : u)[i >> 1])],
  }['${format}']();
  const bytes = new Uint8Array(y.length + chroma.reduce((sum, { length }) => sum + length, 0));
  bytes.set(y);
  let at = y.length;
  for (const each of chroma) {
    bytes.set(each, at);
    at += each.length;
  }
  const colorSpace = { matrix: '${matrix}', fullRange: false };
  return new VideoFrame(bytes,
    { format: '${format}', codedWidth: w, codedHeight: h, timestamp, colorSpace });
}`;

test('every format of frames, whatever the browser converts', async (t) => {
  const kinds = [
    ['NV12', 'smpte170m', 0],
    ['NV12', 'bt709', 0.05],
    ['I420', 'bt709', 0.05],
    ['I422', 'smpte170m', 0.02],
    ['I444', 'smpte170m', 0.02],
  ];
  for (const lack of Object.keys(LACKS).slice(0, 3)) {
    const { scoreOf, errors } = await openScoring(t, lack);
    for (const [format, matrix, most] of kinds) {
      const what = `${format}, ${matrix}, without ${lack}`;
      const { score, verdict, left } = await scoreOf(frameIn(format, matrix));
      assert.deepEqual([verdict, left], ['live', 0], what);
      assert.ok(Math.abs(score - own.score) <= most, `${what}: ${score}, not ${own.score}`);
    }
    assert.deepEqual(errors, []);
  }
});

test('pixels that are not square, and frames that are turned', async (t) => {
  const { scoreOf } = await openScoring(t, 'nothing');
  const squeezed = `({ data, width, height, timestamp }) => {
    const whole = new VideoFrame(data,
      { format: 'I420', codedWidth: width, codedHeight: height, timestamp });
    const canvas = new OffscreenCanvas(width / 2, height);
    canvas.getContext('2d').drawImage(whole, 0, 0, width / 2, height);
    whole.close();
    const half = new VideoFrame(canvas, { timestamp });
    const shown = new VideoFrame(half, { timestamp, displayWidth: width, displayHeight: height });
    half.close();
    return shown;
  }`;
  const turned = `({ data, width, height, timestamp }) => {
    const whole = new VideoFrame(data,
      { format: 'I420', codedWidth: width, codedHeight: height, timestamp });
    const canvas = new OffscreenCanvas(height, width);
    const context = canvas.getContext('2d');
    context.translate(0, width);
    context.rotate(-Math.PI / 2);
    context.drawImage(whole, 0, 0);
    whole.close();
    const lying = new VideoFrame(canvas, { timestamp });
    const upright = new VideoFrame(lying, { timestamp, rotation: 90 });
    lying.close();
    return upright;
  }`;
  for (const [what, make] of Object.entries({ squeezed, turned })) {
    const { score, verdict } = await scoreOf(make);
    assert.equal(verdict, 'live', `${what}: ${score}`);
    assert.ok(Math.abs(score - own.score) < 0.05, `${what}: ${score}, not ${own.score}`);
  }
});

test('a canvas that hides what is on it: an error, also before the question', async (t) => {
  const { page } = await open(t, 'canvas read-back');
  const bitmaps = `(frame) => createImageBitmap(new ImageData(
    new Uint8ClampedArray(4 * frame.width * frame.height), frame.width, frame.height))`;
  assert.equal(
    await page.evaluate(async (text) => {
      const { loadLiveness } = await import('/livedepth/index.js');
      const liveness = await loadLiveness({ variant: 'simd', threads: 1 });
      const session = liveness.start();
      session.result.catch(() => {});
      const bitmap = await new Function(`return ${text}`)()({ width: 64, height: 64 });
      return session.push(bitmap).then(
        () => 'taken',
        ({ code, retryable }) => `${code} ${retryable} ${session.state}`,
      );
    }, bitmaps),
    'ENV_CANVAS_BLOCKED true done',
  );
  const camera = await launch(t, { camera: await liveCamera() });
  const old = await openPage(t, camera);
  const openOld = (noise) =>
    old.page.evaluate(async (most) => {
      delete globalThis.VideoFrame;
      const { getImageData } = CanvasRenderingContext2D.prototype;
      CanvasRenderingContext2D.prototype.getImageData = function noisy(...args) {
        const image = getImageData.apply(this, args);
        for (let i = 0; i < image.data.length; i++) {
          if (i % 4 < 3) image.data[i] += Math.round((Math.random() * 2 - 1) * most);
        }
        return image;
      };
      const { openCamera } = await import('/livedepth/camera.js');
      let asked = 0;
      const { mediaDevices } = navigator;
      const real = mediaDevices.getUserMedia.bind(mediaDevices);
      mediaDevices.getUserMedia = (...args) => {
        asked++;
        return real(...args);
      };
      try {
        const opened = await openCamera();
        await opened.close();
        return [opened.capture, asked];
      } catch ({ code }) {
        return [code, asked];
      } finally {
        CanvasRenderingContext2D.prototype.getImageData = getImageData;
        mediaDevices.getUserMedia = real;
      }
    }, noise);
  assert.deepEqual(await openOld(3), ['canvas', 1]);
  assert.deepEqual(await openOld(255), ['ENV_CANVAS_BLOCKED', 0]);
});

test('a feed whose frames are all refused ends with their error, soon', async (t) => {
  const { page } = await openPage(t, browser);
  const code = await page.evaluate(async () => {
    const { loadLiveness } = await import('/livedepth/index.js');
    const liveness = await loadLiveness({ variant: 'simd', threads: 1 });
    const feed = {
      async *frames() {
        for (let i = 0; ; i++) {
          yield {
            data: new Uint8Array(4),
            width: 1,
            height: 1,
            format: 'GRAY',
            timestamp: i * 4e4,
          };
        }
      },
    };
    const failed = await liveness
      .start()
      .attach(feed)
      .catch((error) => error.code);
    await liveness.close();
    return failed;
  });
  assert.equal(code, 'FRAME_BAD_FORMAT');
});
