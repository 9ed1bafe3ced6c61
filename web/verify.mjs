#!/usr/bin/env node
// SPDX-License-Identifier: MIT
// @ts-check
// An example of a server that decides: node web/verify.mjs [PORT], or make server.
//
//     POST /nonce   a nonce for the person of this cookie
//     POST /verify  the record of the session; the answer is the server's own, as JSON
//
// Everything else is the demo's; verified.html is the client, and signup/ another one. Listens on
// this machine only. With REDIS_URL and LIVEDEPTH_SECRET any number of these work as one.

import { randomUUID } from 'node:crypto';
import { createVerifier, LivenessError, memoryStore } from '../js/server/server.js';
import { redisStore } from './redis-store.mjs';
import { isMain, startServer } from './serve.mjs';

/** @typedef {import('node:http').IncomingMessage} Request */
/** @typedef {import('node:http').ServerResponse} Response */

const STATUS = /** @type {Record<string, number>} */ ({
  API_BUSY: 503,
  API_CLOSED: 503,
  ENV_FETCH: 503,
  ENV_TIMEOUT: 503,
  RECORD_TOO_LARGE: 413,
  RECORD_NONCE_USED: 409,
});

/** Whom a request is from: with you, the person who has logged in. @param {Request} request */
const userOf = ({ headers }) => /(?:^|; )user=([\w-]{36})(?:;|$)/.exec(headers.cookie ?? '')?.[1];

/** @param {Response} response @param {number} status @param {object} body
 * @param {object} [headers] */
function send(response, status, body, headers) {
  response.writeHead(status, {
    'content-type': 'application/json',
    'cache-control': 'no-store',
    ...headers,
  });
  response.end(JSON.stringify(body));
}

/** @param {Response} response @param {unknown} error */
function sendError(response, error) {
  const code = error instanceof LivenessError ? error.code : 'INTERNAL';
  const theirs = /^(RECORD|API)_/.test(code);
  if (!theirs) console.error(error);
  // What is left of a body that is too large is not waited for.
  const status = STATUS[code] ?? (theirs ? 422 : 500);
  send(response, status, { error: code }, { connection: 'close' });
}

/**
 * @param {{port?: number, verifier: import('../js/server/server.js').Verifier}} options
 */
export function startVerifying({ port, verifier }) {
  /** @param {Request} request @param {Response} response */
  async function nonce(request, response) {
    const user = userOf(request) ?? randomUUID();
    const cookie = { 'set-cookie': `user=${user}; HttpOnly; SameSite=Strict; Path=/` };
    send(response, 200, { nonce: verifier.issue(user) }, cookie);
  }

  /** @param {Request} request @param {Response} response */
  async function verify(request, response) {
    const { verdict, reason, score, signals } = await verifier.verify(request, userOf(request));
    console.log(verdict, reason ?? '', score?.toFixed(3), signals ? JSON.stringify(signals) : '');
    // Here your server opens the account, or does not. The score is for your files: told to the
    // page, it helps whoever tries to raise it.
    send(response, 200, { verdict, reason });
  }

  const answers = /** @type {Record<string, typeof nonce>} */ ({
    '/nonce': nonce,
    '/verify': verify,
  });
  return startServer({
    port,
    answer(path, response, request) {
      const own = Object.hasOwn(answers, path) && request.method === 'POST';
      if (own) answers[path](request, response).catch((error) => sendError(response, error));
      return own;
    },
  });
}

if (isMain(import.meta.url)) {
  const { REDIS_URL, LIVEDEPTH_SECRET: secret } = process.env;
  let store = memoryStore();
  if (REDIS_URL) {
    const { createClient } = await import('@redis/client');
    // Without Redis nothing is accepted, and nobody waits for it to come back.
    const client = createClient({ url: REDIS_URL, disableOfflineQueue: true });
    client.on('error', console.error); // unheard, it would end the process
    store = redisStore(/** @type {any} */ (await client.connect()));
  }
  const verifier = await createVerifier({ secret, store });
  const { origin } = await startVerifying({ port: Number(process.argv[2] ?? 8080), verifier });
  console.log(`${origin}/verified.html, ${origin}/signup/  (Ctrl+C ends it)`);
}
