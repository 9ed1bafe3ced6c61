// SPDX-License-Identifier: MIT
// The lines for pages of README.md and docs/frameworks.md as they stand there: checked for types,
// built for production, and opened in Chromium with the recorded camera.

import assert from 'node:assert/strict';
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { CHROMIUM, launch, liveCamera, startServer, STRICT_CSP } from './browser/support.mjs';
import { install, pack, run, unpack } from './bundlers/matrix.mjs';
import { PATIENCE, read } from './support.mjs';

const PACKAGES = {
  '@angular/compiler': '20.3.35',
  '@angular/compiler-cli': '20.3.35',
  '@angular/core': '20.3.35',
  '@sveltejs/vite-plugin-svelte': '7.3.1',
  '@types/react': '19.3.3',
  '@types/react-dom': '19.3.0',
  '@vitejs/plugin-vue': '6.0.11',
  preact: '10.29.8',
  react: '19.2.7',
  'react-dom': '19.2.7',
  rxjs: '7.8.2',
  svelte: '5.57.3',
  'svelte-check': '4.7.8',
  typescript: '5.9.3',
  vite: '8.3.8',
  vue: '3.5.45',
  'vue-tsc': '3.3.14',
};
const skip = existsSync(CHROMIUM) ? false : `no ${CHROMIUM}`;
let folder;
let browser;
before(async () => {
  if (skip) return;
  try {
    folder = install('snippets', PACKAGES);
  } catch {
    return; // no registry, no frameworks
  }
  const tarball = pack();
  unpack(tarball, join(folder, 'node_modules/livedepth'));
  rmSync(tarball);
  browser = await launch({ after() {} }, { camera: await liveCamera() });
});
after(() => browser?.close());

/** The first block of such lines under the heading. */
function block(file, heading, language) {
  const [, section] = read(file).split(`${heading}\n`);
  const [, lines] = new RegExp(`\`\`\`${language}\\n([\\s\\S]*?)\`\`\``).exec(section ?? '') ?? [];
  return lines ?? assert.fail(`${file}: no ${language} under ${heading}`);
}

/** As of a new project of Vite for React and TypeScript. */
const STRICT = {
  target: 'es2022',
  lib: ['ES2022', 'DOM', 'DOM.Iterable'],
  module: 'ESNext',
  types: ['vite/client'],
  skipLibCheck: true,
  moduleResolution: 'bundler',
  allowImportingTsExtensions: true,
  verbatimModuleSyntax: true,
  moduleDetection: 'force',
  noEmit: true,
  jsx: 'react-jsx',
  strict: true,
  noUnusedLocals: true,
  noUnusedParameters: true,
  erasableSyntaxOnly: true,
  noFallthroughCasesInSwitch: true,
  noUncheckedSideEffectImports: true,
};
const HTML = (body, script = 'main.ts') =>
  `<!doctype html><html lang="en"><meta charset="utf-8"><title>app</title>` +
  `<body>${body}<script type="module" src="./${script}"></script></body></html>`;

/** Writes the app into a folder of its own beside node_modules. */
function write(name, files) {
  const home = join(folder, name);
  rmSync(home, { recursive: true, force: true });
  mkdirSync(home, { recursive: true });
  for (const [file, text] of Object.entries(files)) writeFileSync(join(home, file), text);
  return home;
}

/** Runs a tool of the folder there. */
const tool = (...command) => run(folder, command);

/** What the page logs after a click on this button (null: at once), until a verdict. */
async function open(mounts, button) {
  const server = await startServer({ mounts, csp: `${STRICT_CSP}; style-src 'self'` });
  const page = await (await browser.newContext()).newPage();
  try {
    const lines = [];
    const verdict = new Promise((resolve, reject) => {
      page.on('console', (message) => {
        if (message.type() === 'error' && !/favicon/.test(message.location().url)) {
          reject(new Error(message.text()));
        }
        lines.push(message.text());
        if (/\blive\b/.test(message.text())) resolve();
      });
      page.on('pageerror', reject);
    });
    await page.goto(`${server.origin}/`);
    if (button) await page.getByRole('button', { name: button }).click();
    let timer;
    const late = new Promise((_, reject) => {
      timer = setTimeout(async () => {
        const seen = await page.evaluate(() => {
          const { state, error, result } = document.querySelector('liveness-check') ?? {};
          return [state, error?.message, result?.verdict, result?.reason].join(' ');
        });
        reject(new Error(`no verdict; ${lines}; ${seen}`));
      }, PATIENCE);
    });
    await Promise.race([verdict, late]).finally(() => clearTimeout(timer));
    return lines;
  } finally {
    await page.context().close();
    await server.close();
  }
}

/** Builds an app with Vite and opens it. */
async function build(name, button) {
  await tool('vite', 'build', name, '--logLevel', 'warn');
  return open({ '/': join(folder, name, 'dist') }, button);
}

/** A snippet's test, unless its tools are not there. */
const snippet = (name, work) =>
  test(name, { skip }, async (t) => {
    if (folder) await work();
    else t.skip('the frameworks cannot be installed');
  });

snippet('README: in a page', async () => {
  write('page', {
    'index.html': HTML('<video muted playsinline></video>', 'main.js'),
    'main.js': `${block('README.md', '## In a page', 'js')}console.log(verdict, reason, score);\n`,
  });
  const lines = await build('page', null);
  assert.match(lines.at(-1), /^live null 0\.9/);
});

snippet('README: the element, without a bundler', async () => {
  const home = write('plain', {
    'index.html': block('README.md', '### As an element', 'html'),
    'sign-up.js': block('README.md', '### As an element', 'js'),
  });
  const dist = join(folder, 'node_modules/livedepth/dist');
  const lines = await open({ '/': home, '/livedepth/': dist }, 'Start');
  assert.match(lines.at(-1), /^live null 0\.9/);
});

const REACT_MAIN = `import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { SignUp } from './SignUp.tsx';

createRoot(document.getElementById('root')!).render(
  <StrictMode>
    <SignUp onResult={({ verdict }) => console.log(verdict)} />
  </StrictMode>,
);
`;
const tsconfig = (more = {}, rest = { include: ['.'] }) =>
  JSON.stringify({ compilerOptions: { ...STRICT, ...more }, ...rest });

snippet('README: React, as a strict app of create-vite', async () => {
  const lines = block('README.md', '### As an element', 'tsx');
  write('react', {
    'index.html': HTML('<div id="root"></div>', 'main.tsx'),
    'main.tsx': REACT_MAIN,
    'SignUp.tsx': lines,
    'tsconfig.json': tsconfig(),
  });
  await tool('tsc', '-p', 'react');
  await build('react', 'Check my face');
  write('wrong', {
    'SignUp.tsx': lines.replace('detail.code', 'detail.colour'),
    'tsconfig.json': tsconfig(),
  });
  await assert.rejects(tool('tsc', '-p', 'wrong'), /colour/);
});

snippet('Preact takes the same lines', async () => {
  write('preact', {
    'SignUp.tsx': block('README.md', '### As an element', 'tsx'),
    'tsconfig.json': tsconfig({ jsxImportSource: 'preact' }),
  });
  await tool('tsc', '-p', 'preact');
});

snippet('Vue', async () => {
  write('vue', {
    'index.html': HTML('<div id="root"></div>'),
    'main.ts': `import { createApp } from 'vue';
import SignUp from './SignUp.vue';

createApp(SignUp, { onResult: ({ verdict }: { verdict: string }) => console.log(verdict) })
  .mount('#root');
`,
    'SignUp.vue': block('docs/frameworks.md', '## Vue 3', 'vue'),
    'vite.config.js': block('docs/frameworks.md', '## Vue 3', 'js'),
    'tsconfig.json': tsconfig(
      {},
      { include: ['*.ts', '*.vue'], vueCompilerOptions: { strictTemplates: true } },
    ),
  });
  await tool('vue-tsc', '-p', 'vue');
  await build('vue', 'Check my face');
});

snippet('Svelte', async () => {
  write('svelte', {
    'index.html': HTML('<div id="root"></div>'),
    'main.ts': `import { mount } from 'svelte';
import SignUp from './SignUp.svelte';

const onresult = ({ verdict }: { verdict: string }) => console.log(verdict);
mount(SignUp, { target: document.getElementById('root')!, props: { onresult } });
`,
    'SignUp.svelte': block('docs/frameworks.md', '## Svelte 5', 'svelte'),
    'vite.config.js':
      "import { svelte } from '@sveltejs/vite-plugin-svelte';\n" +
      'export default { plugins: [svelte()] };\n',
    'tsconfig.json': tsconfig({ types: ['svelte', 'vite/client'] }),
  });
  await tool('svelte-check', '--workspace', 'svelte', '--tsconfig', './tsconfig.json');
  await build('svelte', 'Check my face');
});

snippet('Angular: its compiler', async () => {
  write('angular', {
    'sign-up.ts': block('docs/frameworks.md', '## Angular', 'ts'),
    'tsconfig.json': JSON.stringify({
      compilerOptions: {
        ...STRICT,
        allowImportingTsExtensions: false,
        verbatimModuleSyntax: false,
        erasableSyntaxOnly: false,
        types: [],
      },
      angularCompilerOptions: { strictTemplates: true },
      files: ['sign-up.ts'],
    }),
  });
  await tool('ngc', '-p', 'angular');
});

snippet("TypeScript's older resolution finds the types", async () => {
  write('older', {
    'main.ts': `import { loadLiveness } from 'livedepth';
import { openCamera } from 'livedepth/camera';
import { checkSupport } from 'livedepth/support';
import { createVerifier } from 'livedepth/server';
import 'livedepth/element';

const element = document.querySelector('liveness-check')!;
export const all = [loadLiveness, openCamera, checkSupport, createVerifier, element.reset];
`,
    'tsconfig.json': tsconfig({
      moduleResolution: 'node10',
      types: [],
      skipLibCheck: false,
      allowImportingTsExtensions: false,
    }),
  });
  await tool('tsc', '-p', 'older');
});
