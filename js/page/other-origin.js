// SPDX-License-Identifier: MIT
// @ts-check
// A worker whose script lies on another origin, as on a CDN. Browsers start none there; one of the
// page's own, made of a line that imports it, they do, if both sides allow it.

const ADVICE = "host the package's dist on the page's own origin and name it by baseUrl";

/**
 * @param {string} variant @param {URL} beside  a file in the folder of the worker's script
 * @returns {Worker}
 */
export function startByImport(variant, beside) {
  // Such a worker starts others from there, which nothing here can help.
  if (variant.endsWith('-mt')) {
    throw new Error(`no threads on another origin; ${ADVICE}`);
  }
  const url = new URL(`worker-${variant}.js`, beside);
  const needs = 'its origin must allow it (CORS), and the CSP here blob: workers';
  const text = `${url}: ${needs}; or ${ADVICE}`;
  const script = `import(${JSON.stringify(url.href)}).catch((error) => {
    setTimeout(() => { throw new Error(error + '; ' + ${JSON.stringify(text)}); });
  });`;
  const address = URL.createObjectURL(new Blob([script], { type: 'text/javascript' }));
  const worker = new Worker(address, { type: 'module' });
  worker.addEventListener('message', () => URL.revokeObjectURL(address), { once: true });
  return worker;
}
