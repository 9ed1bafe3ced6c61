// SPDX-License-Identifier: MIT
// @ts-check
// What <liveness-check> says, in English. Short enough to be read while holding still; says what to
// do, and accuses nobody. js/languages/ has the same keys in other languages.
//
// Keys: buttons and notes; states, their second line as "STATE.detail"; hints; why a check stayed
// undecided as "undecided.REASON"; error codes, or their first word, and "CODE.again" where the
// same may work the next time. {code}, {attempt} and {attempts} are filled in.

const NOT_SET_UP = 'This page is not set up correctly. Please tell its owner.';
const TOO_OLD = 'This browser is too old for the check. Update it, or use another one.';
const TOO_LITTLE_MEMORY = 'This device has too little free memory. Close other tabs and apps.';
const RELOAD = 'Something went wrong. Reload the page if it happens again.';

/** @type {Readonly<Record<string, string>>} */
export const STRINGS = Object.freeze({
  label: 'Face check',
  start: 'Start',
  retry: 'Try again',
  cancel: 'Cancel',
  note: 'The video stays on this device.',
  code: 'Code: {code}',
  camera: 'Camera',
  attempt: 'Attempt {attempt} of {attempts}',
  exhausted: 'No attempts are left. Please choose another way.',

  idle: 'A quick look at your face',
  'idle.detail': 'Look into the camera. It takes a few seconds.',
  starting: 'Starting the camera',
  'starting.detail': 'If your browser asks, allow it.',
  loading: 'Getting ready',
  'loading.detail': 'Put your face in the oval.',
  live: 'All done',
  'live.detail': 'The check was successful.',
  spoof: 'That did not work',
  'spoof.detail': 'Face a window or a lamp, hold the camera at eye level and look into it.',
  undecided: 'That did not work yet',
  'undecided.detail': 'Face a window or a lamp and hold still for a moment.',
  error: 'The check cannot run',
  'error.detail': RELOAD,
  'error.camera': 'No picture from the camera',

  ok: 'Hold still',
  no_face: 'Put your face in the oval',
  multiple_faces: 'Only one face, please',
  too_dark: 'Find more light',
  too_bright: 'Turn away from the bright light',
  low_contrast: 'Turn your face to the light',
  move_closer: 'Move closer',
  move_back: 'Move back a little',
  center_face: 'Move to the middle',
  hold_upright: 'Hold your head and the device upright',
  look_straight: 'Look straight ahead',
  hold_still: 'Hold still',
  noisy: 'Find more light',
  blurry: 'Wipe the lens and hold still',
  low_resolution: 'Move a little closer',
  low_frame_rate: 'Find more light and hold still',
  frozen_frames: 'The picture stands still',
  paused: 'The camera is paused',
  'paused.detail': 'End the call or close the app that uses it; then the check goes on.',

  'undecided.clip_short': 'It ended too early. Hold still until the ring is full.',
  'undecided.no_face': 'No face could be seen. Put your face in the oval.',
  'undecided.multiple_faces': 'There was more than one face. Only one may be in the picture.',
  'undecided.face_small': 'Your face was too far away. Move closer.',
  'undecided.face_moved': 'There was too much movement. Hold still for a moment.',
  'undecided.frame_gap': 'The video stopped now and then. Close other tabs and apps first.',
  'undecided.format_changed': 'The camera changed. Hold the device as it is.',
  'undecided.too_dark': 'It was too dark. Find more light.',
  'undecided.too_bright': 'It was too bright. Turn away from the light behind or before you.',
  'undecided.low_contrast': 'The picture was too pale. Turn your face to the light.',
  'undecided.roll': 'The picture lay on its side. Hold your head and the device upright.',
  'undecided.noisy': 'The picture was grainy, as in the dark. Find more light.',
  'undecided.blurry': 'The picture was not sharp. Wipe the lens and hold still.',
  'undecided.frozen_frames': 'The picture stood still. Start the camera again.',
  'undecided.scene_changed': 'The picture changed from one moment to the next. Stay in view.',
  'undecided.flat_motion': 'Nothing moved as a person does. Turn your head a little.',
  'undecided.repeated_frames': 'The same pictures came again. Start the camera again.',
  'undecided.low_frame_rate': 'The camera was too slow. Find more light, close other apps.',
  'undecided.untrained_model': 'This page runs without a trained model, so nothing can be decided.',
  'undecided.timeout': 'Time is up. Put your face in the oval and hold still.',
  'undecided.page_hidden': 'The page was in the background. Keep it open until the end.',
  'undecided.camera_muted': 'The camera was paused. Switch it on again.',

  CAMERA_INSECURE_CONTEXT: 'Cameras work on secure pages only. Open this page with https://.',
  CAMERA_UNSUPPORTED: 'This browser gives no camera to the page. Open the page in another one.',
  CAMERA_DENIED:
    "The camera is blocked. Allow it beside the page's address, or in the settings " +
    'of your device.',
  'CAMERA_DENIED.again': 'The camera was not allowed. Try again, and allow it when you are asked.',
  CAMERA_POLICY: 'This page may not use the camera. Please tell its owner.',
  CAMERA_TIMEOUT: 'Your browser had a question that got no answer. Allow the camera next time.',
  CAMERA_NONE: 'No camera was found. Connect one, or use a phone.',
  CAMERA_IN_USE: 'The camera may be in use elsewhere. Close other apps and tabs that use it.',
  CAMERA_BELOW_MINIMUM: "This camera's picture is too small. Use another camera, or a phone.",
  CAMERA_LOST: 'The camera was disconnected. Connect it again.',
  CAMERA_FROZEN: 'The camera stopped sending pictures. Connect it again, or close other apps.',

  ENV_UNSUPPORTED: TOO_OLD,
  ENV_INSECURE_CONTEXT: 'The check needs a secure page. Open this page with https://.',
  ENV_FETCH: 'A part of the check could not be loaded. Look at your connection.',
  ENV_INTEGRITY:
    'A part of the check arrived damaged. Reload the page; if it happens again, ' +
    'tell its owner.',
  ENV_CANVAS_BLOCKED:
    'This browser hides the picture. Allow it to read canvas data, or use another browser.',
  ENV_CSP_BLOCKED: NOT_SET_UP,
  ENV_MODULE_BAD: TOO_OLD,
  ENV_WORKER_FAILED: 'A part of the check could not be started. Look at your connection.',
  ENV_WORKER_DEAD: RELOAD,
  ENV_CRASHED: RELOAD,
  ENV_TIMEOUT: 'This device is too busy. Close other tabs and apps first.',
  ENV_OOM: TOO_LITTLE_MEMORY,
  NO_MEMORY: TOO_LITTLE_MEMORY,
  BAD_ARGUMENT: NOT_SET_UP,
  API_CLOSED: RELOAD,
  API_BUSY: 'Another check is running. Wait until it has ended.',
  FRAME: "This camera's pictures cannot be read. Use another camera or browser.",
  WEIGHTS: NOT_SET_UP,
});
