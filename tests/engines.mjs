// SPDX-License-Identifier: MIT
// node tests/engines.mjs COMMAND...: each (a program with its flags, as 'deno run -A') scores the
// test clips, and all must have the same bits as the Node that runs this.

import { spawnSync } from 'node:child_process';
import { path } from './support.mjs';

let equal = true;
let first;
for (const command of [process.execPath, ...process.argv.slice(2)]) {
  const [program, ...flags] = command.split(' ');
  const args = [...flags, path('tests/digest.mjs'), 'simd', '1'];
  const { status, stdout, stderr, error } = spawnSync(program, args, { encoding: 'utf8' });
  if (status !== 0) {
    console.log(`${command}: ${error ?? stderr.trim()}`);
    equal = false;
    continue;
  }
  const { engine, clips } = JSON.parse(stdout);
  const digests = clips.map(({ digest }) => digest);
  first ??= digests;
  const same = digests.join() === first.join();
  equal &&= same;
  const scores = clips.map(({ score }) => score).join(' ');
  console.log(
    `${engine}: ${scores} ${digests[0].slice(0, 16)} ${same ? 'the same' : 'OTHER BITS'}`,
  );
}
process.exitCode = equal ? 0 : 1;
