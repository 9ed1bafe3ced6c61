#!/usr/bin/env node
// SPDX-License-Identifier: MIT
// @ts-check
// A static server for the demo page and the browser tests: node web/serve.mjs [PORT]
// Listens on this machine only. Its headers are those of a careful page: a strict CSP, and
// cross-origin isolation (for threads), unless told otherwise.

import { createReadStream, realpathSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { createServer } from 'node:http';
import { extname, join, resolve, sep } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { fileURLToPath, pathToFileURL } from 'node:url';

const ROOT = fileURLToPath(new URL('../', import.meta.url));
const TYPES = /** @type {Record<string, string>} */ ({
  '.html': 'text/html; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.mjs': 'text/javascript; charset=utf-8',
  '.json': 'application/json',
  '.wasm': 'application/wasm',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.mp4': 'video/mp4',
  '.webm': 'video/webm',
});

/** What the library needs, and nothing more. */
export const STRICT_CSP =
  "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; " +
  "worker-src 'self'; connect-src 'self'";
/** The demo has style sheets, pictures and dropped videos besides. */
const DEMO_CSP =
  `${STRICT_CSP}; style-src 'self'; img-src 'self' data: blob:; ` +
  "media-src 'self' blob:; base-uri 'none'; form-action 'none'";

/**
 * Headers of a page: a CSP or null, cross-origin isolation, and what else there is.
 *
 * @param {{csp: string | null, isolated: boolean, headers: Record<string, string>}} how
 * @returns {Record<string, string>}
 */
export const headersOf = ({ csp, isolated, headers }) => ({
  ...(csp === null ? {} : { 'content-security-policy': csp }),
  ...(isolated
    ? {
        'cross-origin-opener-policy': 'same-origin',
        'cross-origin-embedder-policy': 'require-corp',
        'cross-origin-resource-policy': 'same-origin',
      }
    : {}),
  ...headers,
});

/** Of what was asked for: a server that runs for long keeps no more. */
const NEWEST = 1000;

const DEMO_MOUNTS = {
  '/': 'web',
  '/livedepth/': 'dist',
  '/clips/': 'tests/clips',
  '/vendor/uplot/': 'node_modules/uplot/dist',
  '/vendor/mediabunny/': 'node_modules/mediabunny/dist/bundles',
};

/**
 * @param {{
 *   mounts?: Record<string, string>, isolated?: boolean, csp?: string | null, port?: number,
 *   headers?: Record<string, string>,
 *   answer?: (
 *     path: string,
 *     response: import('node:http').ServerResponse,
 *     request: import('node:http').IncomingMessage,
 *   ) => boolean,
 * }} [options]  mounts: URL prefix to folder (of the project, or absolute), longest first; answer:
 *   handles a request itself if it returns true
 * @returns {Promise<{origin: string, requests: string[], close(): Promise<void>}>}
 */
export async function startServer({
  mounts = DEMO_MOUNTS,
  isolated = true,
  csp = DEMO_CSP,
  port = 0,
  headers = {},
  answer,
} = {}) {
  const prefixes = Object.keys(mounts).sort((a, b) => b.length - a.length);
  /** @type {string[]} */ const requests = [];
  const server = createServer(async (request, response) => {
    let path;
    try {
      path = decodeURIComponent(new URL(request.url ?? '/', 'http://localhost').pathname);
    } catch {
      response.writeHead(400).end('bad address');
      return;
    }
    if (requests.push(path) > NEWEST) requests.shift();
    if (answer?.(path, response, request)) return;
    const prefix = prefixes.find((each) => path.startsWith(each));
    const folder = prefix === undefined ? null : resolve(ROOT, mounts[prefix]);
    const rest = path.slice(prefix?.length ?? 0);
    const file = folder && join(folder, /^$|\/$/.test(rest) ? `${rest}index.html` : rest);
    const inside = file?.startsWith(folder + sep);
    const found = inside ? await stat(file).catch(() => null) : null;
    if (!file || !found?.isFile()) {
      response.writeHead(404).end('not found');
      return;
    }
    response.writeHead(200, {
      'content-type': TYPES[extname(file)] ?? 'application/octet-stream',
      'content-length': found.size,
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
      ...headersOf({ csp, isolated, headers }),
    });
    // The file may vanish now, and so may who asked for it.
    pipeline(createReadStream(file), response).catch(() => response.destroy());
  });
  await new Promise((done, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', () => done(undefined));
  });
  const { port: taken } = /** @type {import('node:net').AddressInfo} */ (server.address());
  return {
    origin: `http://localhost:${taken}`,
    requests,
    async close() {
      server.closeAllConnections?.();
      await new Promise((done) => {
        server.close(done);
      });
    },
  };
}

/** Was this module given to node, if only by a symbolic link? @param {string} url  its own */
export const isMain = (url) =>
  !!process.argv[1] && url === pathToFileURL(realpathSync(process.argv[1])).href;

if (isMain(import.meta.url)) {
  const { origin } = await startServer({ port: Number(process.argv[2] ?? 8080) });
  console.log(`${origin}  (Ctrl+C ends it)`);
}
