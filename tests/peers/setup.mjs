// SPDX-License-Identifier: MIT
// What a run of bench.mjs needs: the peers' packages, the models, and a copy of dist/ that nobody
// builds anew meanwhile. Packages lie in third_party/peers, the rest in build/bench.

import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const ROOT = fileURLToPath(new URL('../../', import.meta.url));
export const BENCH = join(ROOT, 'build/bench');
const HERE = fileURLToPath(new URL('./', import.meta.url));
const PEERS = join(ROOT, 'third_party/peers');
const PYTHON = process.env.PYTHON ?? join(ROOT, 'third_party/venv/bin/python');

function run(command, args, options = {}) {
  const { status, error } = spawnSync(command, args, {
    cwd: ROOT,
    stdio: ['ignore', 'inherit', 'inherit'],
    ...options,
  });
  if (status !== 0) throw error ?? new Error(`${command} ${args.join(' ')}: exit status ${status}`);
}

/** Does the work unless `stamp` says that it was done with the same files. */
function once(stamp, key, files, work) {
  const hash = createHash('sha256').update(key);
  for (const file of files) hash.update(readFileSync(file));
  const digest = hash.digest('hex');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === digest) return;
  work();
  writeFileSync(stamp, digest);
}

export function installPeers() {
  mkdirSync(PEERS, { recursive: true });
  const list = join(HERE, 'package.json');
  once(join(PEERS, 'npm.done'), '', [list], () => {
    console.log('set-up: npm packages of tests/peers/package.json');
    rmSync(join(PEERS, 'node_modules'), { recursive: true, force: true });
    copyFileSync(list, join(PEERS, 'package.json'));
    run(
      'npm',
      [
        'install',
        '--ignore-scripts',
        '--no-package-lock',
        '--no-fund',
        '--no-audit',
        '--loglevel=error',
      ],
      { cwd: PEERS, stdio: ['ignore', 'ignore', 'inherit'] },
    );
  });
  const python = join(HERE, 'requirements.txt');
  once(join(PEERS, 'python.done'), '', [python], () => {
    console.log('set-up: Python packages of tests/peers/requirements.txt');
    rmSync(join(PEERS, 'python'), { recursive: true, force: true });
    run(PYTHON, [
      '-m',
      'pip',
      'install',
      '--quiet',
      '--no-input',
      '--no-deps',
      '--target',
      join(PEERS, 'python'),
      '-r',
      python,
    ]);
  });
}

const GENERATOR = [
  ...['make_models', 'graph', 'onnx_file', 'tflite_file', 'oplist_file'].map((name) =>
    join(HERE, `${name}.py`),
  ),
  ...[
    'networks/networks',
    'networks/blocks',
    'networks/minifas',
    'networks/folded',
    'ship/export',
  ].map((name) => join(ROOT, `training/${name}.py`)),
];

function generate(folder, args) {
  mkdirSync(folder, { recursive: true });
  once(join(folder, `made${args[0]}`), args.join(' '), GENERATOR, () => {
    console.log(`set-up: models ${args.join(' ')}`);
    run(PYTHON, [GENERATOR[0], folder, ...args], {
      env: { ...process.env, PYTHONPATH: join(PEERS, 'python') },
    });
  });
}

/**
 * @typedef {{name: string, title: string, args: string[], work: number}} Set
 * work: how much of it there is, in pixels times width
 */

/** @param {string} text  "128x0.25", FAS-SGTD of this size and width, or "minifasnet-v2"
 * @returns {Set} */
export function parseSet(text) {
  if (text.startsWith('minifasnet')) {
    return { name: text, title: text, args: ['--minifas', text], work: 0 };
  }
  const [size, width] = text.split('x').map(Number);
  return {
    name: `${size}-${width}`,
    title: `FAS-SGTD ${size}x${size}, width ${width}`,
    args: [String(size), String(width)],
    work: size ** 2 * width,
  };
}

/** @param {Set} set */
export const makeSet = ({ name, args }) => generate(join(BENCH, 'models', name), args);

/** Networks of one width in several sizes and clip lengths; ours only.
 * @param {number} width @param {[size: number, frames: number][]} shapes */
export const makeGrowth = (width, shapes) =>
  generate(join(BENCH, 'models', `growth-${width}`), [
    '--growth',
    String(width),
    ...shapes.flat().map(String),
  ]);

export function copyDist() {
  const copy = join(BENCH, 'dist');
  rmSync(copy, { recursive: true, force: true });
  cpSync(join(ROOT, 'dist'), copy, { recursive: true });
}
