// SPDX-License-Identifier: MIT
// The demo page as its visitor has it, in Chromium, under its own server and CSP.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { viridis } from '../../js/check/heatmap.js';
import { DEFAULT_MODEL } from '../../js/node/node.js';
import { LIVE, LIVE_MP4, path } from '../support.mjs';
import {
  checkAxe,
  checkWidth,
  drop,
  EXACT,
  expected,
  finished,
  openDemo,
  permit,
  PHONE,
  pressStep,
  remake,
  server,
  shows,
  text,
  whole,
} from './demo_page.mjs';
import { launch, startServer } from './support.mjs';

test("the sample clip: Node's bits, and no request", async (t) => {
  const page = await openDemo(t);
  const asked = server.requests.length;
  await page.click('#sample');
  const [shown, node] = [await finished(page), await expected()];
  assert.equal(shown.source, 'sample');
  assert.equal(shown.verdict, node.verdict);
  assert.equal(shown.score, node.score);
  assert.deepEqual(
    shown.points.map(({ clip, mean }) => [clip, mean]),
    node.points,
  );
  assert.deepEqual([shown.scores, shown.votes], [node.scores, node.votes]);
  assert.deepEqual(shown.depth.data, [...node.depth.data]);
  assert.deepEqual(shown.frames, node.frames);
  assert.equal(shown.engine.wasm.sha256, node.engine.wasm.sha256);

  assert.equal(await text(page, '#verdict-word'), 'Live');
  assert.equal(await text(page, '#score'), node.score.toFixed(3));
  assert.match(await text(page, '#position'), /^frame 30 of 30 · 1\.16 s$/);
  const pixels = await page.evaluate(() => [
    ...document.querySelector('#depth').getContext('2d').getImageData(0, 0, 16, 16).data,
  ]);
  assert.deepEqual(
    pixels,
    [...node.depth.data].flatMap((value) => [...viridis(value), 255]),
  );

  assert.deepEqual(shown.quality, node.quality);
  for (const [name, { pass }] of Object.entries(node.quality.checks)) {
    const row = await text(page, `#checks [data-check=${name}]`);
    assert.match(row, pass ? /\d.*\s+pass$/ : /\d.*\s+too (low|high)$/, name);
  }

  // What each scorer said, and which decided: nothing of it is typed in the page.
  const { scorers, views } = node.engine.model;
  const votes = Object.values(node.votes);
  assert.deepEqual(
    await page
      .locator('#scorers [data-scorer]')
      .evaluateAll((rows) => rows.map(({ dataset }) => dataset.scorer)),
    scorers.map(({ name }) => name),
  );
  for (const { name } of scorers) {
    const row = await text(page, `#scorers [data-scorer=${name}]`);
    assert.ok(row.includes(node.scores[name].toFixed(3)), row);
    assert.ok(row.includes(Math.abs(node.votes[name]).toFixed(2)), row);
    assert.equal(/decided/.test(row), node.votes[name] === Math.max(...votes), row);
    assert.match(await text(page, '#times'), new RegExp(`^${name}\\s+\\d+\\.\\d`, 'm'));
  }
  // The squares are where the newest frame's views were cut, each with its name.
  const drawn = await page
    .locator('#overlay .view')
    .evaluateAll((list) =>
      list.map((each) => [
        each.dataset.view,
        ...['x', 'y', 'width', 'height'].map((name) => each.getAttribute(name)),
        each.hasAttribute('hidden'),
        each.nextElementSibling.textContent,
      ]),
    );
  assert.deepEqual(
    drawn,
    views.map(({ name }) => {
      const { x, y, width, height } = node.views[name];
      return [name, ...[x, y, width, height].map((value) => value.toFixed(1)), false, name];
    }),
  );
  assert.deepEqual(
    await page.locator('#marks .mark-view').allInnerTexts(),
    views.map(({ name }) => `view ${name}`),
  );

  const own = server.requests.slice(asked).filter((address) => address !== '/icon.svg');
  assert.deepEqual(own, []); // the icon is the browser's affair
  assert.match(await text(page, '#requests'), /^0 network requests/);
  await page.evaluate(() => fetch('/demo.css').then((response) => response.text()));
  await page.waitForFunction(() => demo.requests.length === 1);
  assert.match(await text(page, '#requests'), /^1 network request since/);
});

test('a clip step by step ends where it ends at once', async (t) => {
  const page = await openDemo(t);
  await drop(page, readFileSync(LIVE), 'dropped.y4m.gz');
  await page.waitForSelector('#transport:not([hidden])');
  await page.evaluate(() => {
    // it may have come to its end, and stopped, by itself
    const play = document.querySelector('#play');
    if (play.querySelector('span').textContent === 'Pause') play.click();
  });
  assert.equal(await text(page, '#play span'), 'Play');
  await page.click('#restart');
  await page.waitForFunction(() => demo.running && demo.record.frames === 0);
  for (let frame = 1; frame <= 15; frame++) {
    await pressStep(page);
    const seconds = ((frame - 1) / 25).toFixed(2);
    assert.match(await text(page, '#position'), new RegExp(`^frame ${frame} · ${seconds} s`));
  }
  assert.equal(await page.evaluate(() => demo.record.scores.length), 1);
  assert.equal(await page.getAttribute('.face', 'hidden'), null);
  await page.waitForTimeout(200);
  assert.equal(await page.evaluate(() => demo.record.frames), 15, 'it runs on by itself');
  await page.selectOption('#pace', 'fast');
  await page.click('#play');
  const [shown, node] = [await finished(page), await expected()];
  assert.equal(shown.source, 'file');
  assert.equal(shown.score, node.score);
  assert.equal(shown.frames.read, 30);

  // Recorded pace: 29 intervals of 40 ms.
  await page.selectOption('#pace', 'recorded');
  const begin = Date.now();
  await page.click('#play');
  await page.waitForFunction(() => demo.running);
  assert.equal((await finished(page)).score, node.score);
  assert.ok(Date.now() - begin >= 1160, 'faster than it was recorded');
});

test('mp4 and webm', async (t) => {
  const page = await openDemo(t);
  await page.evaluate(() => {
    document.querySelector('#pace').value = 'fast';
    document.querySelector('#pace').dispatchEvent(new Event('change'));
  });
  const mp4 = readFileSync(LIVE_MP4);
  await drop(page, mp4, 'live.mp4');
  const shown = await finished(page);
  assert.equal(shown.verdict, 'live');
  assert.deepEqual(shown.frames, { read: 75, used: 25, run: 25, clips: 21, dropped: 0 });

  // The first second of it as webm.
  const webm = await remake(
    page,
    mp4,
    async (media, track, output) => {
      const frames = new media.VideoSampleSource({ codec: 'vp8', bitrate: 4e6 });
      output.addVideoTrack(frames);
      await output.start();
      for await (const sample of new media.VideoSampleSink(track).samples(0, 1)) {
        await frames.add(sample);
        sample.close();
      }
    },
    'WebMOutputFormat',
  );
  await drop(page, webm, 'live.webm');
  await page.waitForFunction(() => demo.running);
  const second = await finished(page);
  assert.equal(second.frames.read, 25);
  assert.ok(Math.abs(second.points[0].clip - shown.points[0].clip) < 0.05);

  // A phone's clip, stored on its side.
  const turned = await remake(
    page,
    mp4,
    async (media, track, output) => {
      const packets = new media.EncodedVideoPacketSource('avc');
      output.addVideoTrack(packets, { rotation: 90 });
      await output.start();
      const decoderConfig = await track.getDecoderConfig();
      for await (const packet of new media.EncodedPacketSink(track).packets()) {
        await packets.add(packet, { decoderConfig });
      }
    },
    'Mp4OutputFormat',
  );
  await drop(page, turned, 'phone.mp4');
  await page.waitForFunction(() => demo.running);
  assert.equal((await finished(page, { depth: false })).frames.read, 75);
  assert.deepEqual(
    await page.evaluate(() => {
      const { width, height } = document.querySelector('#picture');
      return [width, height];
    }),
    [300, 400],
  );

  // Ended half-way, at a frame that waits for its turn.
  await drop(page, mp4, 'live.mp4');
  await page.waitForFunction(() => demo.running && demo.record.frames > 3);
  await page.click('#play');
  await page.waitForFunction(() => globalThis.frames.some(({ codedWidth }) => codedWidth > 0));
  await page.evaluate(() => demo.stop());
  const [opened, left] = await page.evaluate(() => [
    globalThis.frames.length,
    globalThis.frames.filter(({ codedWidth }) => codedWidth > 0).length,
  ]);
  assert.ok(opened > 100);
  assert.equal(left, 0, 'frames were left open');
});

test('the camera, check by check, until it is stopped', async (t) => {
  const page = await openDemo(t, '');
  await page.click('#camera');
  // A check that had too few frames in its time ends without its clips; the next one begins then.
  await page.waitForFunction(
    () => demo.record.result?.frames.clips === demo.liveness.info.model.clips,
  );
  const seen = await page.evaluate(() => ({
    source: demo.record.source,
    scores: demo.record.scores.length,
    clips: demo.record.result.frames.clips,
    needed: demo.liveness.info.model.clips,
    said: document.querySelector('#scorers').innerText,
    names: demo.liveness.info.model.scorers.map(({ name }) => name),
    // Mirrored twice: to be read.
    label: new DOMMatrix(getComputedStyle(document.querySelector('.view-name')).transform).a,
    verdict: demo.record.result.verdict,
    depth: demo.record.depth.data.length,
    capture: demo.camera.capture,
    mirrored: document.querySelector('#mirror').classList.contains('mirrored'),
    push: demo.record.times.push.p50,
  }));
  assert.equal(seen.source, 'camera');
  assert.equal(seen.clips, seen.needed);
  assert.ok(seen.scores >= seen.needed);
  for (const name of seen.names) assert.match(seen.said, new RegExp(`${name}.*\\d\\.\\d{3}`, 's'));
  assert.equal(seen.label, -1);
  assert.equal(seen.depth, 256);
  assert.equal(seen.mirrored, true);
  assert.ok(seen.push > 0);
  const words = { live: 'Live', spoof: 'Spoof', undecided: 'Undecided' };
  assert.equal(await text(page, '#verdict-word'), words[seen.verdict]);
  assert.match(await text(page, '#facts'), /track processor/);
  assert.match(await text(page, '#facts'), /Camera signals\s+nothing unusual/);
  assert.notEqual(await text(page, '#hint'), '');

  await page.evaluate(() => {
    globalThis.track = demo.camera.track;
  });
  await page.click('#camera');
  await page.waitForFunction(() => !demo.running);
  assert.equal(await page.evaluate(() => globalThis.track.readyState), 'ended');
  assert.equal(await page.evaluate(() => demo.camera), null);
  assert.equal(await page.isVisible('#welcome'), true);
  assert.equal(await page.evaluate(() => demo.requests.length), 0);
});

test('model, variant and threads by picker, address and file', async (t) => {
  const page = await openDemo(t, `${EXACT}&model=fas-td-128-w8&clip=sample`);
  const node = await expected('fas-td-128-w8');
  assert.equal((await finished(page)).score, node.score);
  assert.equal(await page.inputValue('#model'), 'fas-td-128-w8');
  assert.deepEqual(await page.evaluate(() => demo.requests), []);

  // The clip runs again with what was picked.
  await page.selectOption('#model', DEFAULT_MODEL);
  await page.waitForFunction(() => demo.liveness?.info.model.id !== undefined && demo.running);
  assert.notEqual((await finished(page)).score, node.score);
  await page.selectOption('#threads', '2');
  await page.waitForFunction(() => demo.liveness?.info.threads === 2 && demo.running);
  assert.equal((await finished(page)).engine.variant, 'simd-mt');
  assert.equal(new URL(page.url()).search, '?variant=simd&threads=2&clip=sample');

  await page.setInputFiles('#weights', path('models/fas-td-128-w8.safetensors'));
  await page.waitForFunction(
    (sha256) => demo.liveness?.info.model.sha256 === sha256 && demo.running,
    node.engine.model.sha256,
  );
  assert.equal((await finished(page)).score, node.score);
  assert.equal(await text(page, '#model option:checked'), 'own file: fas-td-128-w8.safetensors');

  // A file that holds no weights; another model helps.
  await page.setInputFiles('#weights', path('package.json'));
  await page.waitForSelector('#banner:not([hidden])');
  assert.match(await text(page, '#banner'), /This weight file cannot be used\.\s+WEIGHTS_/);
  await page.selectOption('#model', 'fas-td-128-w8');
  await page.waitForFunction(() => demo.running);
  assert.equal((await finished(page)).score, node.score);
  assert.equal(await page.isVisible('#banner'), false);
});

test('the copied report', async (t) => {
  const permissions = ['clipboard-read', 'clipboard-write'];
  const page = await openDemo(t, `${EXACT}&clip=sample`, { permissions });
  const { score, scores, votes, verdict } = await finished(page);
  await page.click('#copy');
  await page.waitForFunction(() => document.querySelector('#copy').innerText === 'Copied');
  const copied = await page.evaluate(() => navigator.clipboard.readText());
  const report = JSON.parse(copied);
  assert.equal(report.result.score, score);
  assert.equal(report.result.verdict, verdict);
  assert.deepEqual([report.result.scores, report.result.votes], [scores, votes]);
  assert.equal(report.scores.length, 6);
  assert.equal(report.engine.variant, 'simd');
  assert.match(report.engine.model.sha256, /^[0-9a-f]{64}$/);
  assert.match(report.userAgent, /Chrome/);
  assert.equal(report.requestsSinceLoad, 0);
  for (const name of Object.keys(scores)) {
    const { p50, p95 } = report.times.scorers[name];
    assert.ok(p50 > 0 && p95 >= p50);
  }
  assert.ok(report.depth.max > report.depth.mean);
  assert.deepEqual(Object.keys(report.checks).length, 13);
  assert.ok(copied.length < 8000, 'numbers only'); // a map alone has 256
});

test('errors: a file that is no video, a camera that is denied', async (t) => {
  const deny = await launch(whole, { camera: 'pattern', allow: false });
  const page = await openDemo(t, EXACT, { in: deny });
  await drop(page, Buffer.from('no video at all, but some text'), 'notes.mp4');
  await page.waitForSelector('#banner:not([hidden])');
  assert.match(
    await text(page, '#banner'),
    /This file cannot be read as a video\.\s+CLIP_FORMAT notes\.mp4/,
  );
  assert.equal(await text(page, '#verdict-word'), 'No verdict yet');
  await drop(page, readFileSync(LIVE).subarray(0, 400_000), 'cut.y4m.gz');
  await shows(page, '#banner', 'cut.y4m.gz');
  assert.match(await text(page, '#banner'), /CLIP_(FORMAT|TRUNCATED)/);

  await permit(page, 'denied');
  await page.click('#camera');
  await shows(page, '#banner', 'CAMERA_');
  assert.match(await text(page, '#banner'), /The camera is not allowed\..*CAMERA_DENIED/s);
  await permit(page, 'granted');
  await page.click('#banner button:has-text("Try again")');
  await page.waitForFunction(() => demo.camera !== null);
  assert.equal(await page.isVisible('#banner'), false);

  // This camera shows a pattern: nobody is there, and no verdict is.
  await shows(page, '#verdict-word', 'Waiting for a face');
  assert.equal(await text(page, '#hint'), 'No face in the picture');
  await page.evaluate(() => demo.stop());
});

test("the page's icon is no request of the page, everything else is", async (t) => {
  const page = await openDemo(t);
  await page.evaluate(async () => {
    for (const address of [document.querySelector('link[rel="icon"]').href, '/demo.css']) {
      await (await fetch(address)).text();
    }
  });
  await page.waitForFunction(() => demo.requests.length > 0);
  assert.deepEqual(await page.evaluate(() => demo.requests), [`${server.origin}/demo.css`]);
});

test('a page that is not isolated says so and works', async (t) => {
  const plain = await startServer({ isolated: false });
  whole.after(() => plain.close());
  const { origin } = plain;
  const page = await openDemo(t, '?clip=sample&threads=auto&variant=nosuch', { origin });
  assert.match(await text(page, '#facts'), /Threads\s+1: the page is not cross-origin isolated/);
  assert.match(await text(page, '#facts'), /Isolated\s+no/);
  assert.equal((await finished(page)).engine.threads, 1);
  assert.match(await text(page, '#banner'), /BAD_ARGUMENT not known: variant=nosuch/);
  await page.click('#banner button:has-text("Dismiss")');
  assert.equal(await page.isVisible('#banner'), false);
});

test('a clip that could not be fetched is asked for again', async (t) => {
  let there = false;
  const late = await startServer({
    answer(path, response) {
      if (path !== '/late.y4m.gz') return false;
      response.writeHead(there ? 200 : 404).end(there ? readFileSync(LIVE) : '');
      return true;
    },
  });
  whole.after(() => late.close());
  const page = await openDemo(t, '?clip=/late.y4m.gz', { origin: late.origin, logs: /404/ });
  await shows(page, '#banner', 'ENV_FETCH');
  there = true;
  await page.click('#banner button:has-text("Try again")');
  assert.equal((await finished(page)).verdict, 'live');
});

test('reading and width on a phone, light and dark', async (t) => {
  const page = await openDemo(t, '', PHONE);
  const check = async (state) => {
    for (const colorScheme of ['light', 'dark']) {
      await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' }); // no colour half-way
      await checkAxe(page, `${state}, ${colorScheme}`);
    }
    await checkWidth(page, state);
  };
  await check('idle');
  await page.click('#sample');
  await finished(page);
  await check('result');
  for (const width of [320, 360, 699, 700, 1000, 1279, 1280, 1600]) {
    await page.setViewportSize({ width, height: 900 });
    await checkWidth(page, 'result');
  }
  await drop(page, Buffer.from('no video'), `${'a-long-name-'.repeat(12)}.mp4`);
  await page.waitForSelector('#banner:not([hidden])');
  await page.setViewportSize({ width: 320, height: 640 });
  await check('error');
});
