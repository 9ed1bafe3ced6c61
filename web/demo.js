// SPDX-License-Identifier: MIT
// The demo page: puts its parts together. One run at a time, of a camera or of a clip.
//
// The address may say ?model=&variant=&threads= (settings.js) and ?clip=sample, or a clip on this
// server. For tests and the curious, `window.demo` has
//   ready      resolves when the engine is loaded for the first time (rejects never)
//   liveness   the engine, or null
//   record     what the run has shown: scores, times, depth, result (record.js)
//   running    is a run under way?
//   camera     the open camera, or null
//   requests   addresses asked for since the engine was loaded
//   report()   what "Copy report" copies
//   openFile(file), openSample(), startCamera(), stop()

import { listCameras, openCamera } from '/livedepth/camera.js';
import { LivenessError } from '/livedepth/index.js';
import { checkSupport } from '/livedepth/support.js';
import { hideError, showError } from './banner.js';
import { ChecksPanel } from './checks.js';
import { DepthView } from './depth.js';
import { $, make, setButton, setText } from './dom.js';
import { Engine } from './engine.js';
import { EnginePanel } from './engine-panel.js';
import { offerFiles } from './files.js';
import { Player } from './player.js';
import { Record } from './record.js';
import { makeReport, offerReport } from './report.js';
import { RequestCounter } from './requests.js';
import { runCamera, runClip } from './runs.js';
import { ScorersPanel } from './scorers.js';
import { Settings } from './settings.js';
import { download, loadSample, nameOf, once, openClip, SAMPLE } from './sources.js';
import { Stage } from './stage.js';
import { Timeline } from './timeline.js';
import { VerdictCard } from './verdict.js';
import { HINTS, MISSING } from './words.js';

const PANEL_MS = 250;
/** A verdict must not outlive the face that it is about. */
const STALE_S = 1.5;

const settings = new Settings();
const stage = new Stage();
const depth = new DepthView();
const verdict = new VerdictCard();
const scorers = new ScorersPanel();
const timeline = new Timeline($('timeline'), $('timeline-readout'));
const checks = new ChecksPanel();
const panel = new EnginePanel();
const player = new Player();
const counter = new RequestCounter(showRequests);
const engine = new Engine(settings, counter, showEngine);

/** Ends what runs. @type {AbortController | null} */ let run = null;
/** Resolves when it has ended. @type {Promise<void>} */ let ended = Promise.resolve();
/** @type {import('../js/page/camera.js').Camera | null} */ let camera = null;
/** @type {import('./sources.js').Clip | null} */ let clip = null;
/** Starts the run of now once more. @type {(() => void) | null} */ let again = null;
/** What to start when the engine has changed. @type {(() => void) | null} */ let resume = null;
let record = new Record();
let dropped = 0;
let support = null;

/* --- the engine --- */

function showRequests(requests) {
  const count = requests.length;
  const word = count === 1 ? 'request' : 'requests';
  setText($('requests'), `${count} network ${word} since the engine was loaded`);
  $('requests').title = requests.join('\n');
}

/** @param {import('../js/check/liveness.js').Liveness | null} liveness  null: none is loaded */
function showEngine(liveness) {
  panel.engine(liveness);
  if (!liveness) return;
  const { model } = liveness.info;
  verdict.thresholds(model.thresholds);
  timeline.thresholds(model.thresholds);
  scorers.scorers(model.scorers);
  stage.views(model.views);
  showPanel();
}

settings.addEventListener('change', async () => {
  if (run || clip) resume = again;
  await stop();
  await engine.load();
  if (!engine.liveness) return; // the next change may bring one
  resume?.();
  resume = null;
});

/* --- runs --- */

/** Ends what runs; resolves when the camera is off and the frames are closed. */
async function stop() {
  run?.abort();
  await ended;
}

/**
 * Runs `work` alone, with the engine; what it throws is shown.
 *
 * @param {'camera' | 'sample' | 'file'} source
 * @param {() => void} repeat
 * @param {(
 *   engine: import('../js/check/liveness.js').Liveness, signal: AbortSignal,
 * ) => Promise<void>} work
 */
async function start(source, repeat, work) {
  const own = new AbortController();
  run?.abort(); // at once: of two quick clicks the second counts
  run = own;
  const before = ended;
  let done = () => {};
  ended = new Promise((resolve) => {
    done = () => resolve(undefined);
  });
  await before;
  again = repeat;
  try {
    hideError();
    reset(source);
    await engine.ready;
    if (!engine.liveness && !own.signal.aborted) await engine.load();
    if (own.signal.aborted || !engine.liveness) return;
    await work(engine.liveness, own.signal);
  } catch (error) {
    if (!own.signal.aborted) {
      showError(error, repeat);
      player.pause();
    }
  } finally {
    if (!own.signal.aborted && record.frames === 0) showNothing();
    if (run === own) run = null;
    done();
    showControls();
    showPanel();
  }
}

/** The page as it was at first. */
function showNothing() {
  clip = null;
  stage.idle();
  scorers.clear();
  verdict.wait('No verdict yet', 'Start the camera or open a clip.');
}

function reset(source) {
  record = new Record(source);
  dropped = 0;
  timeline.clear();
  depth.show(null);
  checks.show(null);
  scorers.clear();
  stage.clear();
  verdict.wait('Looking', 'The first score needs half a second of a face.');
  showControls();
}

/** What every frame of every run does to the page. */
function showFrame(result, seconds, ms) {
  const clips = record.scores.length;
  record.add(result, seconds, ms);
  stage.draw(result);
  if (result.state === 'skipped') return;
  checks.show(record.quality, 'newest frame');
  if (record.scores.length > clips) timeline.add(record.scores[clips]);
  depth.show(record.depth);
}

async function startCamera() {
  await start('camera', startCamera, async (engineNow, signal) => {
    verdict.wait('Waiting for the camera', 'Your browser may ask for permission.');
    const deviceId = $('cameras').value || undefined;
    const opened = await openCamera({ video: stage.video, deviceId, signal });
    try {
      camera = opened;
      clip = null;
      stage.camera({ mirrored: opened.device.facing !== 'environment' });
      verdict.wait('Looking', 'The first score needs half a second of a face.');
      showControls();
      await showCameras();
      let seen = 0; // when there was a face
      await runCamera(
        engineNow,
        opened,
        {
          frame(result, seconds, ms) {
            showFrame(result, seconds, ms);
            dropped = opened.dropped;
            if (result.state !== 'waiting') seen = seconds;
            if (seconds - seen > STALE_S) {
              verdict.wait('Waiting for a face', `${HINTS[result.quality.hint]}.`);
              record.depth = null;
              depth.show(null);
              scorers.clear();
            }
          },
          hint: (hint) => stage.say(hint),
          progress({ clips, needed }) {
            verdict.progress(clips / needed, `${clips} of ${needed} clips for a verdict`);
          },
          result(result) {
            record.finish(result);
            depth.show(record.depth);
            scorers.show(result);
            timeline.gap();
            verdict.show(result, { so: 'final', clips: result.frames.clips });
          },
        },
        signal,
      );
    } finally {
      camera = null;
      verdict.progress(null);
      stage.idle();
      if (!record.result) showNothing();
      await opened.close();
    }
  });
}

/** @param {() => Promise<Blob>} get @param {string} name @param {'sample' | 'file'} source */
async function startClip(get, name, source) {
  clip = null;
  const repeat = () => startClip(get, name, source);
  player.play();
  await start(source, repeat, async (engineNow, signal) => {
    const opened = await openClip(await get(), name);
    if (signal.aborted) return;
    clip = opened;
    await playClip(engineNow, opened, signal);
  });
}

/** The open clip from its start. */
async function restartClip() {
  const opened = clip;
  if (!opened) return;
  const source = /** @type {'sample' | 'file'} */ (record.source);
  await start(
    source,
    () => {
      player.play();
      restartClip();
    },
    (engineNow, signal) => playClip(engineNow, opened, signal),
  );
}

async function playClip(engineNow, opened, signal) {
  stage.clip();
  showControls();
  setText($('position'), 'frame 0');
  let last = 0;
  await runClip(
    engineNow,
    opened,
    player,
    {
      picture(frame, { index, timestamp }) {
        stage.picture(frame);
        opened.count = Math.max(opened.count, index + 1);
        showPosition(opened, index, timestamp / 1e6);
      },
      frame(result, seconds, ms) {
        showFrame(result, seconds, ms);
        last = seconds;
        if (result.state === 'skipped') return;
        const { hint } = result.quality;
        stage.say(hint === 'ok' ? null : hint); // nobody needs praise in a recording
        if (result.clips === 0) return;
        scorers.show(result);
        verdict.show(result, { so: 'far', clips: result.clips });
      },
      result(result) {
        opened.whole = true;
        showPosition(opened, opened.count - 1, last);
        record.finish(result);
        depth.show(record.depth);
        checks.show(result.quality, result.quality ? 'median of the clip' : '');
        stage.say(null);
        scorers.show(result);
        verdict.show(result, { so: 'final', clips: result.frames.clips });
        player.pause();
      },
    },
    signal,
  );
}

/** How many there are is known when all were read. */
function showPosition({ whole, count }, index, seconds) {
  const of = whole ? ` of ${count}` : '';
  setText($('position'), `frame ${index + 1}${of} · ${seconds.toFixed(2)} s`);
}

/* --- controls --- */

/** Is it open, or about to be? */
const cameraRuns = () => camera !== null || (run !== null && record.source === 'camera');

function showControls() {
  const live = cameraRuns();
  setButton($('camera'), live ? 'stop' : 'camera', live ? 'Stop camera' : 'Start camera');
  $('camera').classList.toggle('primary', !live);
  $('transport').hidden = clip === null || live;
  $('cameras-label').hidden = !live || $('cameras').options.length < 2;
  setButton($('play'), player.playing ? 'pause' : 'play', player.playing ? 'Pause' : 'Play');
}

async function showCameras() {
  const list = await listCameras();
  $('cameras').replaceChildren(
    ...list.map(({ deviceId, label }, i) =>
      make('option', { value: deviceId }, label || `Camera ${i + 1}`),
    ),
  );
  if (camera) $('cameras').value = camera.device.deviceId;
  showControls();
}

function showPanel() {
  panel.run(record, { memoryBytes: engine.liveness?.memoryBytes, camera, dropped });
}

const report = () =>
  makeReport(record, {
    liveness: engine.liveness,
    support,
    requests: counter.requests,
    dropped,
    camera,
  });
/** @param {File} file */
const openFile = (file) => startClip(async () => file, file.name, 'file');
const openSample = () => startClip(loadSample, nameOf(SAMPLE), 'sample');

$('camera').addEventListener('click', () => (cameraRuns() ? stop() : startCamera()));
$('sample').addEventListener('click', openSample);
offerFiles(openFile);
$('play').addEventListener('click', () => {
  if (player.playing) player.pause();
  else player.play();
  if (!run && player.playing) restartClip();
});
$('step').addEventListener('click', () => {
  player.step();
  if (!run) restartClip();
});
$('restart').addEventListener('click', restartClip);
$('pace').addEventListener('change', () => {
  player.pace = $('pace').value;
});
player.addEventListener('change', showControls);
$('cameras').addEventListener('change', async () => {
  const opened = camera;
  $('cameras').disabled = true; // one switch at a time
  try {
    await opened?.switchTo($('cameras').value);
    if (opened) stage.camera({ mirrored: opened.device.facing !== 'environment' });
  } catch (error) {
    if (opened?.track.readyState === 'live') showError(error); // else the run tells
  } finally {
    $('cameras').disabled = false;
    if (camera) $('cameras').value = camera.device.deviceId;
  }
});
offerReport(report);
addEventListener('pagehide', () => {
  stop();
});
setInterval(() => {
  if (run) showPanel();
}, PANEL_MS);

/* --- begin --- */

globalThis.demo = {
  get liveness() {
    return engine.liveness;
  },
  get record() {
    return record;
  },
  get running() {
    return run !== null;
  },
  get camera() {
    return camera;
  },
  get requests() {
    return counter.requests;
  },
  report,
  openFile,
  openSample,
  startCamera,
  stop,
  ready: (async () => {
    support = await checkSupport();
    if (settings.unknown.length > 0) {
      const text = `not known: ${settings.unknown.join(', ')}`;
      showError(new LivenessError('BAD_ARGUMENT', text), null, { lasts: true });
    } else if (!support.ok) {
      const missing = support.missing.map((each) => MISSING[each]).join(', ');
      showError(new LivenessError('ENV_UNSUPPORTED', `missing: ${missing}`), null, { lasts: true });
    }
    const wanted = new URLSearchParams(location.search).get('clip');
    if (wanted === null) return engine.load();
    const isSample = wanted === 'sample';
    const get = isSample ? loadSample : once(() => download(wanted));
    await engine.load(get().catch(() => {})); // the request is before the count begins
    startClip(get, nameOf(isSample ? SAMPLE : wanted), isSample ? 'sample' : 'file');
  })(),
};
