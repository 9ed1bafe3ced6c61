// SPDX-License-Identifier: MIT
// Measurements as rows and tables. Ratios are a peer's time through ours: above 1 we are faster.
// Shares of the peak are of the fastest turns and count the multiply-adds of direct convolutions:
// Winograd's need fewer, so that shares above 1 can be.

import { median } from './rounds.mjs';

const MIB = 2 ** 20;
/** Of ours, and what it is compared with of the peers'. */
const WORKS = [
  ['clip', 'clip'],
  ['next', 'clip'],
  ['frame', 'frame'],
];
const TITLES = { clip: 'clip', next: 'next clip', frame: 'frame' };
/** Those that a network has; the one whose processor time is taken. */
const worksOf = (times) => WORKS.map(([work]) => work).filter((work) => work in times);
const mainWork = (times) => ('clip' in times ? 'clip' : 'frame');
const round = (value, digits = 4) => Number(value.toPrecision(digits));

/**
 * @param {Awaited<ReturnType<typeof import('./rounds.mjs').measure>>} measured
 * @param {{title: string, where: string, gflop: Record<string, number>}} set
 */
export function rowsOf(measured, { title, where, gflop }) {
  const each = (choose) =>
    new Map(
      [...measured].map(([id, { samples }]) => [
        id,
        Object.fromEntries(Object.entries(samples).map(([work, all]) => [work, choose(all)])),
      ]),
    );
  const medians = each(median);
  const fastest = each((all) => Math.min(...all));
  const { scaling, ...rates } = measured.get('peak').samples;
  const peaks = Object.fromEntries(
    Object.entries(rates).map(([variant, all]) => [variant, Math.max(...all)]),
  );
  peaks.scaling = median(scaling);
  const rows = [];
  const contenders = [];
  for (const [id, { errors, memory }] of measured) {
    if (id === 'peak') continue;
    const [name, ...rest] = id.split(' ');
    const threads = Number(rest.at(-1));
    const variant = rest.length > 1 ? rest[0] : null;
    const { cpu, ...times } = medians.get(id);
    const { cpu: least, ...best } = fastest.get(id);
    // LiteRT.js has relaxed instructions, the other peers have none.
    const peak = peaks[variant ?? (name === 'litert' ? 'relaxed' : 'simd')];
    contenders.push({
      title,
      where,
      name,
      variant,
      threads,
      errors,
      memory_bytes: memory,
      peak_gflops: round(peak),
      ms: Object.fromEntries(Object.entries(times).map(([work, ms]) => [work, round(ms)])),
      fastest_ms: Object.fromEntries(Object.entries(best).map(([work, ms]) => [work, round(ms)])),
      cpu_ms: round(cpu),
      fastest_cpu_ms: round(least),
      of_peak: Object.fromEntries(
        Object.entries(best).map(([work, ms]) => [
          work,
          round(((gflop[work] / ms) * 1000) / (peak * threads), 3),
        ]),
      ),
    });
    if (name !== 'livedepth') continue;
    for (const [other, their] of medians) {
      const [peer, count] = other.split(' ');
      if (peer === 'livedepth' || peer === 'peak' || Number(count) !== threads) continue;
      for (const [work, theirs] of WORKS.filter(([each]) => each in times)) {
        rows.push({
          work,
          title,
          where,
          variant,
          threads,
          ours_ms: round(times[work]),
          peer,
          peer_ms: round(their[theirs]),
          ratio: round(their[theirs] / times[work], 3),
          ...(work === mainWork(times) ? { cpu_ratio: round(their.cpu / cpu, 3) } : {}),
          fastest_ratio: round(fastest.get(other)[theirs] / fastest.get(id)[work], 3),
        });
      }
    }
  }
  return { rows, contenders, peaks };
}

const right = (value, width, digits) =>
  (value === undefined ? '' : value.toFixed(digits)).padStart(width);

/**
 * Int8 pays where its peak is further above the floats' than Winograd's form is above the direct
 * one, which has four times as many products.
 */
export function printSet(rows, contenders, { simd, relaxed, int8 }) {
  console.log(
    `  multiply-add peak of a thread: ${round(simd)} GFLOP/s simd, ${round(
      relaxed,
    )} relaxed, ${round(int8)} GOP/s int8 (${round(int8 / relaxed)} times)`,
  );
  const works = worksOf(Object.assign({}, ...contenders.map(({ ms }) => ms)));
  console.log(
    `  ${'ms (share of peak)'.padEnd(24)}${works
      .map((work) => TITLES[work].padStart(19))
      .join('')}${`cpu of ${mainWork(contenders[0].ms)}`.padStart(14)}   ${
      contenders[0].where === 'node' ? 'process MiB' : ' memory MiB'
    }`,
  );
  for (const contender of contenders) {
    const { name, variant, threads, ms, of_peak: share, memory_bytes: memory } = contender;
    const label = `${name} ${variant ?? ''}`.trim();
    const cells = works.map((work) =>
      ms[work] === undefined
        ? ''.padStart(19)
        : `${right(ms[work], 11, 1)} (${right(100 * share[work], 3, 0)} %)`,
    );
    console.log(
      `  ${label.padEnd(20)} x${threads} ${cells.join('')}${right(
        contender.cpu_ms,
        14,
        1,
      )}${right(memory / MIB, 14, 0)}`,
    );
  }
  console.log(
    `  ${'how many times faster'.padEnd(24)}${works
      .map((work) => TITLES[work].padStart(16))
      .join('')}           cpu   (of the fastest turns)`,
  );
  const pairs = Map.groupBy(
    rows,
    ({ variant, threads, peer }) => `${`${variant} x${threads}`.padEnd(12)}${peer}`,
  );
  for (const [label, of] of pairs) {
    const cells = of.map(
      ({ ratio, fastest_ratio: fastest }) => `${right(ratio, 8, 2)} (${right(fastest, 5, 2)})`,
    );
    const { cpu_ratio: cpu } = of.find(({ cpu_ratio: found }) => found !== undefined);
    console.log(`  ${label.padEnd(24)}${cells.join('')}${right(cpu, 14, 2)}`);
  }
}

/** @param {any[]} contenders  of one network in one place @param {{scaling: number}} peaks */
export function printScaling(contenders, { scaling }) {
  const label = ({ name, variant }) => `${name} ${variant ?? ''}`.trim();
  const found = [...Map.groupBy(contenders, label)]
    .map(([each, of]) => [each, ...[1, 2].map((n) => of.find(({ threads }) => threads === n))])
    .filter(([, one, two]) => one && two);
  if (!found.length) return;
  console.log(`  two threads: multiply-adds alone ${right(scaling, 0, 2)} times as many as one`);
  for (const [each, one, two] of found) {
    const cells = worksOf(one.ms)
      .filter((work) => work !== 'next')
      .map(
        (work) =>
          `${work} ${right(one.ms[work] / two.ms[work], 5, 2)} (${right(
            one.fastest_ms[work] / two.fastest_ms[work],
            4,
            2,
          )})`,
      );
    console.log(`  two threads: ${each.padEnd(20)} ${cells.join(', ')} times faster than one`);
  }
}

export function printCold(cold, { title }) {
  console.log(`\n# cold start to the first clip, ${title}, Chromium, ms`);
  console.log(`  ${''.padEnd(26)}    median   fastest   KiB brotli    KiB raw`);
  for (const { id, ms, fastest_ms: fastest, packed, raw } of cold) {
    console.log(
      `  ${id.padEnd(26)}${right(ms, 10, 0)}${right(fastest, 10, 0)}${right(
        packed / 1024,
        13,
        0,
      )}${right(raw / 1024, 11, 0)}`,
    );
  }
  const peers = cold.filter(({ name }) => name !== 'livedepth');
  for (const { id, ms, steps } of cold.filter(({ name }) => name === 'livedepth')) {
    const shares = peers.map((peer) => `${right(ms / peer.ms, 0, 2)} of ${peer.id}`);
    console.log(`  ${id}: ${shares.join(', ')}`);
    console.log(
      `    import ${right(steps.import, 0, 0)}, load ${right(
        steps.load,
        0,
        0,
      )}, then frames at ${steps.frames.map((each) => right(each, 0, 0)).join(', ')}`,
    );
  }
}

export function printGrowth(growth) {
  console.log('\n# growth, relaxed, one thread, Node; 128x128, width 1/4, 5 frames but for one');
  for (const [name, rows] of Object.entries(growth)) {
    for (const row of rows) {
      const { clip_ms: clip, next_ms: next, clips_per_s: rate, memory_bytes: memory } = row;
      console.log(
        `  ${name} ${String(row[name]).padEnd(8)} clip ${right(clip, 8, 1)} ms${
          next === undefined ? '' : `, next ${right(next, 7, 1)} ms`
        }${rate === undefined ? '' : `, ${right(rate, 6, 2)} clips/s`}, ${right(
          memory / MIB,
          4,
          0,
        )} MiB`,
      );
    }
  }
}
