// SPDX-License-Identifier: MIT
// @ts-check
// Which cameras there are, and what their names tell.

/** @typedef {import('./camera.js').CameraDevice} CameraDevice */

export const VIRTUAL = new RegExp(
  'virtual|\\bOBS\\b|manycam|snap ?camera|xsplit|v4l2|loopback|' +
    'dummy|droidcam|epoccam|iriun|ivcam|mmhmm|\\bcamo\\b|vcam|splitcam|youcam|webcamoid|fake',
  'i',
);
export const INFRARED = /infrared|\bIR\b/i;
const FRONT = /\bfront|facetime|\buser\b|selfie/i;
const BACK = /\b(back|rear)\b|environment/i;

/** @param {{deviceId: string, label: string}} device @param {string | undefined} facingMode
 * @returns {CameraDevice} */
export function describe({ deviceId, label }, facingMode) {
  const byLabel = FRONT.test(label) ? 'user' : BACK.test(label) ? 'environment' : 'unknown';
  const known = facingMode === 'user' || facingMode === 'environment';
  const suspect = INFRARED.test(label) ? 'infrared' : VIRTUAL.test(label) ? 'virtual' : null;
  return Object.freeze({ deviceId, label, facing: known ? facingMode : byLabel, suspect });
}

/** Is the camera still there? So where nobody tells. @param {string} deviceId */
export async function isListed(deviceId) {
  const list = await navigator.mediaDevices.enumerateDevices().catch(() => null);
  const cameras = list?.filter(({ kind }) => kind === 'videoinput');
  // Without a permission they have no names.
  return !cameras || cameras.some((each) => ['', deviceId].includes(each.deviceId));
}

/** @type {typeof import('./camera.js').listCameras} */
export async function listCameras() {
  // Missing in Node and on insecure pages; may be refused to a frame.
  const list = globalThis.navigator?.mediaDevices?.enumerateDevices().catch(() => []);
  return ((await list) ?? [])
    .filter(({ kind }) => kind === 'videoinput')
    .map((device) => {
      const { facingMode } = /** @type {any} */ (device).getCapabilities?.() ?? {};
      return describe(device, facingMode?.[0]);
    });
}
