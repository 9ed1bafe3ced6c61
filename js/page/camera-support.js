// SPDX-License-Identifier: MIT
// @ts-check
// What this page has of a camera, found without a question to the person. Imports nothing, so that
// support.js stays tiny; safe in Node and under SSR.

/** How frames are taken here: by the first that there is. MediaStreamTrackProcessor on a page is
 * Chromium's only; Safari has it in workers, where it counts as missing.
 * @returns {import('../page/support.js').Support['capture']} */
export function captureWay() {
  const { MediaStreamTrackProcessor, HTMLVideoElement, VideoFrame } = /** @type {any} */ (
    globalThis
  );
  if (typeof VideoFrame !== 'function') return 'canvas';
  if (typeof MediaStreamTrackProcessor === 'function') return 'track_processor';
  return HTMLVideoElement?.prototype.requestVideoFrameCallback ? 'video_frame' : 'canvas';
}

/** Why no camera can be asked for on this page, whatever the person says; null: nothing known.
 * @returns {'secureContext' | 'getUserMedia' | 'cameraPolicy' | null} */
export function cameraObstacle() {
  const { isSecureContext, navigator, document } = /** @type {any} */ (globalThis);
  if (isSecureContext === false) return 'secureContext';
  if (typeof navigator?.mediaDevices?.getUserMedia !== 'function') return 'getUserMedia';
  const policy = document?.permissionsPolicy ?? document?.featurePolicy;
  return policy?.allowsFeature('camera') === false ? 'cameraPolicy' : null;
}

/** Firefox knew no permission of this name for long.
 * @returns {Promise<PermissionState | 'unknown'>} */
export async function cameraPermission() {
  try {
    const query = { name: /** @type {PermissionName} */ ('camera') };
    return (await navigator.permissions.query(query)).state;
  } catch {
    return 'unknown';
  }
}
