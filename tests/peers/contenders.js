// SPDX-License-Identifier: MIT
// Our engine and what a user would pick instead, behind one face, in a page (page.js) and in Node
// (process.mjs), which give `host`:
//
//     first()   the first result of a clip, for cold starts
//     check()   {errors: {answer: largest difference from PyTorch's}, memory: bytes, after a clip}
//     works     what is measured: of FAS-SGTD clip and, of ours, next; of MiniFASNet frame
//     turn(w)   {work: [milliseconds ...]} of doing w
//
// A trunk, checked only, and a frame are one frame; a clip five. The peers get their input as the
// floats they want, laid out beforehand; ours gets bytes as from a camera, and its answer crosses
// from its worker.

import { createNetwork } from './tfjs.js';
import { measurePeak } from './peak.js';

const TIMES = { clip: 1, frame: 10 }; // in a round: what is short more often
const LIMIT = 1e-3; // of an answer's largest value, or of 1

/** What make_models.py wrote beside the models. */
async function readSet(host) {
  const text = await host.read('expected.json');
  const about = JSON.parse(new TextDecoder().decode(text));
  const floats = async (name) => new Float32Array((await host.read(name)).slice().buffer);
  return {
    ...about,
    readImages: () => floats('images.f32'),
    readFrames: async () => {
      const bytes = await host.read('frames.rgba');
      const size = about.size ** 2 * 4;
      return Array.from({ length: about.frames }, (_, i) => bytes.slice(i * size, (i + 1) * size));
    },
    /** The largest difference of each answer; throws where it is none of a rounding error. */
    compare: async (answers) => {
      const all = await floats('expected.f32');
      return Object.fromEntries(
        Object.entries(answers).map(([name, values]) => {
          const { offset, length } = about.answers[name];
          if (values.length !== length) throw new Error(`${name}: ${values.length}, not ${length}`);
          const wanted = all.subarray(offset, offset + length);
          const largest = wanted.reduce((most, value) => Math.max(most, Math.abs(value)), 1);
          const error = values.reduce(
            (worst, value, i) => Math.max(worst, Math.abs(value - wanted[i])),
            0,
          );
          if (!(error <= LIMIT * largest)) throw new Error(`${name} is off by ${error}`);
          return [name, error];
        }),
      );
    },
  };
}

async function time(work) {
  const start = performance.now();
  await work();
  return performance.now() - start;
}

/**
 * A contender from two functions: create(work) makes a network ready, run(work) gives its answers.
 * Only the first work's is made at first, and its memory noted before there are others.
 */
async function peer(set, host, { create, run, read = (answers) => answers }) {
  const [main, ...others] = Object.keys(set.works);
  await create(main);
  return {
    first: () => run(main),
    async check() {
      const answers = read(await run(main));
      const memory = host.memoryBytes();
      for (const work of others) {
        await create(work);
        Object.assign(answers, read(await run(work)));
      }
      return { errors: await set.compare(answers), memory };
    },
    works: [main],
    async turn(work) {
      const times = [];
      for (let i = 0; i < TIMES[work]; i++) times.push(await time(() => run(work)));
      return { [work]: times };
    },
  };
}

/** The frames that a work takes, of a set's images, in its network's layout. */
const inputsOf = async (set, layout) => {
  const images = await set.readImages();
  return Object.fromEntries(
    Object.entries(set.works).map(([work, frames]) => [
      work,
      layout(images.slice(0, frames * set.size ** 2 * 3), frames),
    ]),
  );
};

/** [n][s][s][c] -> [n][c][s][s] */
function planes(pixels, n, size, channels) {
  const out = new Float32Array(pixels.length);
  const area = size * size;
  for (let i = 0; i < n; i++) {
    for (let c = 0; c < channels; c++) {
      for (let p = 0; p < area; p++) {
        out[(i * channels + c) * area + p] = pixels[(i * area + p) * channels + c];
      }
    }
  }
  return out;
}

/** And back, of what onnxruntime gives. */
function pixels(values, [n, channels, height, width]) {
  const area = height * width;
  const out = new Float32Array(values.length);
  for (let i = 0; i < n; i++) {
    for (let c = 0; c < channels; c++) {
      for (let p = 0; p < area; p++) {
        out[(i * area + p) * channels + c] = values[(i * channels + c) * area + p];
      }
    }
  }
  return out;
}

async function onnxruntime(host, { threads }) {
  const set = await readSet(host);
  const { size } = set;
  const inputs = await inputsOf(set, (images, frames) => planes(images, frames, size, 3));
  const ort = await host.onnxruntime(threads);
  const sessions = {};
  return peer(set, host, {
    async create(work) {
      sessions[work] = await ort.InferenceSession.create(await host.read(`${work}.onnx`), {
        executionProviders: ['wasm'],
        graphOptimizationLevel: 'all',
      });
    },
    run(work) {
      const shape = [set.works[work], 3, size, size];
      return sessions[work].run({ images: new ort.Tensor('float32', inputs[work], shape) });
    },
    read: (answers) =>
      Object.fromEntries(
        Object.entries(answers).map(([name, { data, dims }]) => [
          name,
          dims.length === 4 ? pixels(data, dims) : data,
        ]),
      ),
  });
}

async function litert(host, { threads }) {
  const set = await readSet(host);
  const { size } = set;
  const inputs = await inputsOf(set, (images) => images);
  const lib = await host.litert(threads);
  const models = {};
  return peer(set, host, {
    async create(work) {
      models[work] = await lib.loadAndCompile(await host.read(`${work}.tflite`), {
        accelerator: 'wasm',
        ...(threads ? { cpuOptions: { numThreads: threads } } : {}),
      });
    },
    async run(work) {
      const input = new lib.Tensor(inputs[work], [set.works[work], size, size, 3]);
      const outputs = await models[work].run(input);
      const names = models[work].getOutputDetails().map(({ name }) => name);
      const answers = Object.fromEntries(
        outputs.map((each, i) => [names[i], each.toTypedArray().slice()]),
      );
      for (const each of [input, ...outputs]) each.delete();
      return answers;
    },
  });
}

async function tfjs(host, { threads }) {
  const set = await readSet(host);
  const { size } = set;
  const inputs = await inputsOf(set, (images) => images);
  const tf = await host.tfjs(threads);
  const networks = {};
  return peer(set, host, {
    async create(work) {
      const [list, weights] = await Promise.all([`${work}.json`, `${work}.bin`].map(host.read));
      networks[work] = createNetwork(
        tf,
        JSON.parse(new TextDecoder().decode(list)),
        new Float32Array(weights.slice().buffer),
      );
    },
    async run(work) {
      const input = tf.tensor4d(inputs[work], [set.works[work], size, size, 3]);
      const answers = await networks[work](input);
      input.dispose();
      return answers;
    },
  });
}

async function livedepth(host, { variant, threads }) {
  const set = await readSet(host);
  const pictures = await set.readFrames();
  const { size, frames } = set;
  const start = performance.now();
  const { loadLiveness } = await host.livedepth();
  const imported = performance.now();
  const liveness = await loadLiveness({
    model: host.model,
    detector: null,
    variant,
    threads,
    ...host.loadOptions,
  });
  const steps = { import: imported - start, load: performance.now() - imported };
  const { frameIntervalMs } = liveness.info.model;
  const frame = (i) => ({
    data: pictures[i % frames],
    width: size,
    height: size,
    format: 'RGBA',
    timestamp: i * frameIntervalMs * 1000,
  });
  const session = (options) =>
    liveness.start({
      crop: 'none',
      timeoutMs: 2 ** 31 - 1,
      ...options,
    });
  /** The result of one clip. */
  const first = async () => {
    const once = session({ clips: 1, depth: 'every' });
    const start = performance.now();
    steps.frames = [];
    for (let i = 0; i < frames; i++) {
      await once.push(frame(i));
      steps.frames.push(performance.now() - start);
    }
    return once.result;
  };
  let stream = null;
  let next = 0;
  let used = 0;
  /** Milliseconds of so many frames. */
  const push = async (count) => {
    if (!stream) {
      stream = session({ clips: 1000, depth: 'none' });
      stream.on('frame', ({ frameReason }) => {
        used += frameReason === null ? 1 : 0;
      });
    }
    used = 0;
    const ms = await time(async () => {
      for (let i = 0; i < count; i++) await stream.push(frame(next++));
    });
    if (used !== count) throw new Error(`${used} of ${count} frames used`);
    return ms;
  };
  return {
    info: liveness.info,
    first: async () => (await first()).score,
    async check() {
      const { score, pairs } = await first();
      const maps = pairs.flatMap(({ data }) => [...data]);
      const errors = await set.compare({ ...(maps.length ? { maps } : {}), score: [score] });
      return { errors, memory: host.memoryBytes(liveness) };
    },
    works: set.works.clip ? ['clip', 'next'] : ['frame'],
    /** next: after the clip, one frame more. */
    async turn(work) {
      if (work === 'frame') {
        const times = [];
        for (let i = 0; i < TIMES.frame; i++) times.push(await push(1));
        return { frame: times };
      }
      if (work === 'clip') {
        await stream?.reset();
        next = 0;
      }
      return { [work]: [await push(work === 'clip' ? frames : 1)] };
    },
    steps,
  };
}

async function peak() {
  return {
    works: ['peak'],
    check: async () => ({ errors: {}, memory: 0 }),
    turn: async () => measurePeak(),
  };
}

const CONTENDERS = { livedepth, onnxruntime, litert, tfjs, peak };

export const open = (name, host, options) => CONTENDERS[name](host, options);
