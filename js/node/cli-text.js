// SPDX-License-Identifier: MIT
// @ts-check
// What the command says of a clip: lines for people, or one JSON object.

/**
 * @typedef {import('./node.js').ClipResult & {maskedScore?: number | null}} ClipResult
 * @typedef {import('./node.js').DepthMap} DepthMap
 */

/** A file's name may hold what a terminal obeys. @param {string} text */
export const printable = (text) => text.replace(/[\x00-\x1f\x7f-\x9f]/g, '?');

/** @param {DepthMap | null} depth */
function statistics(depth) {
  if (!depth) return null;
  const { width, height, data } = depth;
  const mean = data.reduce((sum, value) => sum + value, 0) / data.length;
  return { width, height, min: Math.min(...data), mean, max: Math.max(...data) };
}

/** Four digits at most. @param {number} value */
const short = (value) => String(Number(value.toFixed(4)));

/** @param {string} clip @param {ClipResult} result @param {string[]} depthFiles
 * @param {string[]} bestFiles */
export function humanText(clip, result, depthFiles, bestFiles) {
  const {
    verdict,
    reason,
    score,
    maskedScore,
    thresholds: { live, spoof },
    basis,
    frames,
    ms,
    engine,
  } = result;
  const { variant, threads, model } = engine;
  const depth = statistics(result.depth);
  const { total, scorers, ...stages } = ms;
  const medians = [stages, scorers]
    .flatMap((times) => Object.entries(times))
    .filter(([, time]) => time.total > 0)
    .map(([stage, time]) => `${stage} ${time.median.toFixed(1)}`);
  const said = Object.entries(result.scores).map(
    ([name, value]) => `${name} ${value?.toFixed(2) ?? 'none'}`,
  );
  const lines = [
    ['verdict', reason ? `${verdict} (${reason})` : verdict],
    [
      'score',
      `${score?.toFixed(4) ?? 'none'}; live from ${short(live)} on, spoof below ${short(spoof)}`,
    ],
    ['scores', said.join(', ')],
    ...(maskedScore === undefined ? [] : [['masked', maskedScore?.toFixed(4) ?? 'none']]),
    basis === 'photo'
      ? ['basis', 'one photo: weaker than a clip']
      : ['frames', `${frames.read} read, ${frames.used} used, ${frames.clips} clips scored`],
  ];
  if (depth) {
    const [min, mean, max] = [depth.min, depth.mean, depth.max].map((value) => value.toFixed(3));
    lines.push(['depth', `${depth.width}x${depth.height}, ${min} .. ${max}, mean ${mean}`]);
  }
  lines.push(...depthFiles.map((file) => ['', printable(file)]));
  lines.push(...bestFiles.map((file, i) => [i === 0 ? 'best' : '', printable(file)]));
  if (medians.length > 0) {
    lines.push(['time', `${total.toFixed(0)} ms; median of a frame, ms: ${medians.join(', ')}`]);
  }
  const sha256 = model.sha256.slice(0, 12);
  lines.push(['engine', `${variant}, threads: ${threads}, model ${model.id} (sha256 ${sha256})`]);
  if (!model.trained) {
    lines.push(['note', 'this model is untrained: its scores and depth maps mean nothing']);
  }
  const text = lines.map(([key, value]) => `  ${key.padEnd(8)} ${value}\n`).join('');
  return `${printable(clip)}\n${text}`;
}

/** @param {string} clip @param {ClipResult} result @param {string[]} depthFiles
 * @param {string[]} bestFiles */
export function jsonText(clip, result, depthFiles, bestFiles) {
  const { depth, pairs, best, engine, record: _, ...rest } = result;
  const { id, trained, sha256 } = engine.model;
  return `${JSON.stringify({
    clip,
    ...rest,
    depth: statistics(depth),
    depthFiles,
    bestFiles,
    engine: { ...engine, model: { id, trained, sha256 } },
  })}\n`;
}
