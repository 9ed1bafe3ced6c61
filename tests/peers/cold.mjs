// SPDX-License-Identifier: MIT
// Cold starts in Chromium: from the import of a library to its first result for a clip of five
// frames, each try in a fresh profile and process; and what each has to download.

import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { brotliCompressSync, constants } from 'node:zlib';
import { sleep } from '../support.mjs';
import { BENCH, ROOT } from './setup.mjs';
import { median } from './rounds.mjs';

/** As their documentation loads them; isolated or not as it suits them. */
const STARTS = [
  {
    id: 'livedepth, isolated page',
    name: 'livedepth',
    isolated: true,
    options: { variant: 'auto', threads: 'auto' },
  },
  {
    id: 'livedepth, plain page',
    name: 'livedepth',
    isolated: false,
    options: { variant: 'auto', threads: 'auto' },
  },
  { id: 'onnxruntime', name: 'onnxruntime', isolated: false, options: {} },
  { id: 'litert', name: 'litert', isolated: false, options: {} },
  { id: 'tfjs', name: 'tfjs', isolated: false, options: {} },
];

const FILES = [
  ['/livedepth/', 'build/bench/dist/'],
  ['/models/', 'build/bench/models/'],
  ['/peers/', 'third_party/peers/node_modules/'],
];
/** The input and the expected answers are nobody's download, nor is the bench. */
const OURS_TO_IGNORE = /\/(expected|frames|images)\.|^\/[\w.]*$/;

/** Bytes after brotli -11, which takes minutes for some: kept by hash. */
function brotliBytes(file, kept) {
  const bytes = readFileSync(file);
  const hash = createHash('sha256').update(bytes).digest('hex');
  kept[hash] ??= brotliCompressSync(bytes, {
    params: {
      [constants.BROTLI_PARAM_QUALITY]: 11,
      [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length,
    },
  }).length;
  return kept[hash];
}

function download(requests) {
  const file = join(BENCH, 'brotli.json');
  const kept = existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : {};
  let [raw, packed] = [0, 0];
  for (const path of new Set(requests)) {
    const mount = FILES.find(([prefix]) => path.startsWith(prefix));
    if (!mount || OURS_TO_IGNORE.test(path)) continue;
    const name = join(ROOT, mount[1], path.slice(mount[0].length));
    if (!existsSync(name)) continue;
    raw += readFileSync(name).length;
    packed += brotliBytes(name, kept);
    writeFileSync(file, JSON.stringify(kept));
  }
  return { raw, packed };
}

/** @param {any} chromium  of stages.mjs @param {string} set @param {number} tries */
export async function coldStarts(chromium, set, tries) {
  const found = STARTS.map((start) => ({ ...start, tries: [], requests: [] }));
  for (let round = 0; round < tries; round++) {
    for (let i = 0; i < found.length; i++) {
      const each = found[(i + round) % found.length];
      const server = each.isolated ? chromium.isolated : chromium.plain;
      const page = await chromium.open(server);
      await sleep(100);
      server.requests.length = 0;
      each.tries.push(await page.call('cold', each.name, set, each.options));
      if (round === 0) each.requests = [...server.requests];
      await page.close();
    }
  }
  return found.map(({ id, name, tries: all, requests }) => {
    const { raw, packed } = download(requests);
    const total = median(all.map((each) => each.total));
    const distance = (each) => Math.abs(each.total - total);
    const typical = all.toSorted((a, b) => distance(a) - distance(b))[0];
    return {
      id,
      name,
      ms: total,
      load_ms: median(all.map((each) => each.load)),
      tries: all.length,
      fastest_ms: Math.min(...all.map((each) => each.total)),
      steps: typical.steps,
      requests: typical.requests,
      raw,
      packed,
    };
  });
}
