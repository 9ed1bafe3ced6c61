// What the built modules may contain; prints a line with their sizes.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import { features } from '../js/engine/features.js';
import { VARIANTS } from '../js/engine/variant.js';

const listed = readFileSync('wasm/exports.txt', 'utf8').trim().split('\n').sort();

function check(ok, text) {
  if (ok) return;
  console.log(text);
  process.exitCode = 1;
}

const [, built] = readFileSync('wasm/variants.mk', 'utf8').match(/^VARIANTS := (.*)$/m);
check(built === VARIANTS.join(' '), `variants.mk has ${built}, variant.js has ${VARIANTS}`);

/* A Node that does not know relaxed SIMD (before 22) answers by itself; a newer asks binaryen. */
function hasRelaxed(path, bytes) {
  if (!features().relaxed) return !WebAssembly.validate(bytes);
  const wat = execFileSync('third_party/bin/wasm-dis', ['--all-features', path], {
    encoding: 'utf8',
    maxBuffer: 1 << 30,
  });
  return /relaxed_/.test(wat);
}

/* Of the import section, number 2: WebAssembly.Module.imports() refuses what has relaxed SIMD. */
function countImports(bytes) {
  let at = 8;
  const number = () => {
    for (let value = 0, shift = 0; ; shift += 7) {
      value |= (bytes[at] & 127) << shift;
      if (bytes[at++] < 128) return value;
    }
  };
  while (at < bytes.length) {
    const section = bytes[at++];
    const size = number();
    if (section === 2) return number();
    at += size;
  }
  return 0;
}

for (const variant of VARIANTS) {
  const name = `build/livedepth-${variant}`;
  const glue = readFileSync(`${name}.mjs`, 'utf8');
  const wasm = readFileSync(`${name}.wasm`);

  // One relaxed instruction, and an engine without them refuses the whole module.
  const relaxed = hasRelaxed(`${name}.wasm`, wasm);
  check(
    relaxed === variant.startsWith('relaxed'),
    `${name}.wasm has ${relaxed ? 'relaxed instructions' : 'no relaxed instruction'}`,
  );

  const exported = [...new Set([...glue.matchAll(/Module\["(_\w+)"\]=/g)].map((m) => m[1]))].sort();
  check(
    exported.join() === listed.join(),
    `${name}.mjs exports ${exported}\nexports.txt says ${listed}`,
  );

  // Nothing of files, environment, sockets or script text: a printf that crept in shows here.
  // The thread library brings fd_write, for its fatal errors.
  const imports = (glue.match(/wasmImports=\{([^}]*)\}/)?.[1] ?? '')
    .split(',')
    .map((pair) => pair.split(':')[1]);
  check(imports.length === countImports(wasm), `${name}: imports ${imports}`);
  const foreign = imports
    .filter((i) => !(variant.endsWith('-mt') && i === '_fd_write'))
    .filter((i) => /fd_|path_|environ|syscall|sock|asm_const|invoke_|longjmp/.test(i));
  check(foreign.length === 0, `${name}.wasm must not import ${foreign}`);
  check(!/\beval\(|new Function/.test(glue), `${name}.mjs makes code from text, against a CSP`);

  for (const [file, bytes] of [
    [`${name}.mjs`, Buffer.from(glue)],
    [`${name}.wasm`, wasm],
  ]) {
    check(!bytes.includes(process.cwd()), `${file} holds the path of this folder`);
  }
  const kilobytes = (bytes) => `${Math.ceil(gzipSync(bytes, { level: 9 }).length / 1000)} kB`;
  console.log(
    `${variant}: wasm ${Math.ceil(wasm.length / 1000)} kB (${kilobytes(wasm)} gzip),`,
    `mjs ${Math.ceil(glue.length / 1000)} kB (${kilobytes(glue)} gzip)`,
  );
}
