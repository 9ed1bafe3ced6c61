// SPDX-License-Identifier: MIT
// What a run showed, as JSON: numbers and names, no picture, no depth map, no name of a device.

import { $, setText } from './dom.js';
import { depthRange } from './record.js';

/**
 * @param {import('./record.js').Record} record
 * @param {{
 *   liveness: import('../js/check/liveness.js').Liveness | null, support: any, requests: string[],
 *   dropped: number, camera: import('../js/page/camera.js').Camera | null,
 * }} page
 */
export function makeReport(record, { liveness, support, requests, dropped, camera }) {
  const { result, frame, depth, times } = record;
  const { verdict, reason, score, scores, votes, thresholds, frames, ms } = result ?? {};
  return {
    made: new Date().toISOString(),
    source: record.source,
    result: result && { verdict, reason, score, scores, votes, thresholds, frames, ms },
    soFar:
      result || !frame
        ? null
        : {
            verdict: frame.verdict,
            reason: frame.reason,
            score: frame.score,
            scores: frame.scores,
            votes: frame.votes,
            clips: frame.clips,
            needed: frame.clipsNeeded,
          },
    scores: record.scores,
    checks: (result?.quality ?? record.quality)?.checks ?? null,
    depth: depth && { width: depth.width, height: depth.height, ...depthRange(depth) },
    times,
    framesPerSecond: record.rate,
    dropped,
    engine: liveness && engineOf(liveness.info),
    memoryBytes: liveness?.memoryBytes ?? null,
    crossOriginIsolated: globalThis.crossOriginIsolated === true,
    camera: camera && {
      capture: camera.capture,
      signals: { ...camera.signals },
      ...sizeOf(camera.track),
    },
    support,
    requestsSinceLoad: requests.length,
    userAgent: navigator.userAgent,
    cores: navigator.hardwareConcurrency,
  };
}

/**
 * The engine, without how its weights were made and may be used: their SHA-256 tells the file.
 * @param {import('../js/check/liveness.js').Liveness['info']} info
 */
function engineOf(info) {
  return { ...info, model: { ...info.model, provenance: undefined, license: undefined } };
}

function sizeOf(track) {
  const { width, height, frameRate } = track.getSettings();
  return { width, height, frameRate };
}

/** To the clipboard, or where there is none into a dialog. @param {object} report */
async function copyReport(report) {
  const text = JSON.stringify(report, null, 2);
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    $('report-text').value = text;
    $('report').showModal();
    $('report-text').select();
    return false;
  }
}

/** The buttons of the report. @param {() => object} report */
export function offerReport(report) {
  $('copy').addEventListener('click', async () => {
    const copied = await copyReport(report());
    if (!copied) return;
    setText($('copy').lastElementChild, 'Copied');
    setTimeout(() => setText($('copy').lastElementChild, 'Copy report'), 1500);
  });
  $('report-close').addEventListener('click', () => $('report').close());
}
