// SPDX-License-Identifier: MIT
// @ts-check
// What is recorded already, as a whole: a clip, or one photo.

import { badArgument, LivenessError } from '../engine/errors.js';
import { checkSignal, readChoice, readFlag, readFunction, readOptions } from '../engine/options.js';
import { closeFrame } from '../engine/raw-frame.js';
import { stepsOf } from './steps.js';
import { ClipSummary, DEPTH_CHOICES, SESSION_DEFAULTS } from './summary.js';

/**
 * @typedef {import('./session.js').Stream} Stream
 * @typedef {{
 *   open(options: any): Promise<Stream>,
 *   close(): Promise<void>,
 *   pictures(): Promise<import('./best.js').PictureMaker>,
 *   readonly memoryBytes: number,
 * }} Backend  of a Liveness
 * @typedef {{
 *   info: import('./liveness.js').EngineInfo,
 *   open(options: object, wantsBest: boolean): Promise<Stream>,
 *   pictures(): Promise<import('./best.js').PictureMaker>,
 *   ending: import('./ending.js').Ending,
 * }} Engine  ending: of all waits, whoever ends them
 */

/** @param {Engine} engine @param {unknown} frames @param {unknown} given */
export async function analyze(engine, frames, given) {
  const { depth, best, onFrame, signal, ...session } = readOptions(
    given,
    {
      depth: 'mean',
      best: false,
      onFrame: undefined,
      signal: undefined,
      ...SESSION_DEFAULTS,
      clips: 1, // fixed beforehand as a whole
    },
    'analyze',
  );
  const choice = readChoice(depth, 'depth', DEPTH_CHOICES);
  const wantsBest = readFlag(best, 'best');
  const listener = readFunction(onFrame, 'analyze: onFrame');
  const until = checkSignal(signal, 'before the first frame');
  if (typeof frames === 'string') {
    throw badArgument('analyze: frames are a string; readClip() of livedepth/node reads a file');
  }
  const begin = stepsOf(frames, 'analyze: frames are');
  return run(engine, begin, session, { choice, wantsBest, listener, until });
}

/** @param {any} picture  that should be a photo */
export function refuseClip(picture) {
  if (picture?.[Symbol.asyncIterator] ?? picture?.next) {
    throw badArgument('analyzePhoto: a clip is no photo: analyze() takes it');
  }
}

/** @param {Engine} engine @param {unknown} picture @param {unknown} given */
export async function analyzePhoto(engine, picture, given) {
  try {
    return await analyzeOne(engine, picture, given);
  } catch (error) {
    closeFrame(picture); // it may never have been taken
    throw error;
  }
}

/** @param {Engine} engine @param {unknown} picture @param {unknown} given */
async function analyzeOne(engine, picture, given) {
  const { clips: _, ...known } = SESSION_DEFAULTS;
  const { signal, ...session } = readOptions(
    given,
    { signal: undefined, ...known },
    'analyzePhoto',
  );
  const until = checkSignal(signal, 'before the photo');
  if (!engine.info.model.photo) {
    throw badArgument(`analyzePhoto: the model ${engine.info.model.id} scores clips, no photos`);
  }
  refuseClip(picture);
  async function* frames() {
    const maker = await engine.pictures();
    yield maker.read(/** @type {any} */ (picture), until);
  }
  const options = { ...session, photo: true };
  const nothing = { choice: /** @type {const} */ ('none'), wantsBest: false, listener: undefined };
  return run(engine, stepsOf(frames(), 'analyzePhoto: frames are'), options, { ...nothing, until });
}

/**
 * @param {Engine} engine
 * @param {ReturnType<typeof stepsOf>} begin
 * @param {any} session  options of the engine's
 * @param {{
 *   choice: typeof DEPTH_CHOICES[number], wantsBest: boolean, listener: Function | undefined,
 *   until: AbortSignal | undefined,
 * }} wish
 */
async function run({ info, open, ending }, begin, session, { choice, wantsBest, listener, until }) {
  const summary = new ClipSummary(info, session);
  const abort = () => {
    const where = `at frame ${summary.read}`;
    ending.end(new LivenessError('API_ABORTED', where, { cause: until?.reason }));
  };
  until?.addEventListener('abort', abort, { once: true });
  /** @type {Stream | undefined} */ let stream;
  /** @type {ReturnType<typeof begin> | undefined} */ let steps;
  try {
    stream = await open(session, wantsBest);
    steps = begin();
    for (;;) {
      const next = ending.wait(steps.next(), ({ value }) => closeFrame(value));
      const { done, value: frame } = await next;
      if (done) break;
      const start = performance.now();
      const result = await ending.wait(stream.push(frame));
      summary.add(result, performance.now() - start);
      listener?.(structuredClone(result), frame); // who may change what is told
    }
    if (summary.read === 0) throw new LivenessError('CLIP_EMPTY', 'no frames');
    const depths = await ending.wait(summary.depths(stream, choice));
    const picture = (await ending.wait(stream.best?.() ?? Promise.resolve(null))) ?? null;
    await ending.wait(stream.close());
    return { ...summary.result(depths, 0), best: picture };
  } catch (error) {
    // Nobody waits for the engine or the reader: somebody may have aborted because one is stuck.
    stream?.close().catch(() => {});
    steps?.end();
    throw error;
  } finally {
    until?.removeEventListener('abort', abort);
  }
}
