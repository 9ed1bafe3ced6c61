// SPDX-License-Identifier: MIT
// Every code of the library in words for a person.

export const HINTS = {
  ok: 'Good, hold still',
  no_face: 'No face in the picture',
  multiple_faces: 'Only one face, please',
  too_dark: 'More light on the face',
  too_bright: 'Less light on the face',
  low_contrast: 'Too little contrast',
  move_closer: 'Come closer',
  move_back: 'Move back a little',
  center_face: 'Move to the middle',
  hold_upright: 'Hold your head upright',
  look_straight: 'Look straight ahead',
  hold_still: 'Hold still',
  noisy: 'More light: the picture is grainy',
  blurry: 'The picture is blurred',
  low_frame_rate: 'Too few frames a second',
  frozen_frames: 'The picture does not change',
  low_resolution: 'The face has too few pixels',
};

/** Why a verdict is undecided. */
export const REASONS = {
  clip_short: 'Too few frames for a score.',
  no_face: 'No face was found.',
  multiple_faces: 'There is more than one face.',
  face_small: 'The face is too small.',
  face_moved: 'The face moved away from where it was.',
  frame_gap: 'The frames are too far apart in time.',
  format_changed: 'The size or format of the frames changed.',
  low_confidence: 'The score lies between the two thresholds.',
  untrained_model: 'This model has not been trained.',
  non_finite: 'The network gave no finite number.',
  too_dark: 'It is too dark.',
  too_bright: 'It is too bright.',
  low_contrast: 'There is too little contrast.',
  roll: 'The head lies on its side or upside down.',
  noisy: 'The picture is grainy.',
  blurry: 'The picture is blurred.',
  low_frame_rate: 'Too few frames a second.',
  frozen_frames: 'The picture does not change.',
  scene_changed: 'The picture changed from one frame to the next.',
  flat_motion: 'All in view moves as one flat picture would.',
  repeated_frames: 'The same frames came again.',
  timeout: 'The time ran out.',
  page_hidden: 'The page was hidden.',
  camera_muted: 'The camera gave no picture.',
};

export const VERDICTS = {
  live: { word: 'Live', text: 'A live person, as far as this model can tell.', icon: 'check' },
  spoof: {
    word: 'Spoof',
    text: 'A picture, a screen or a mask, as far as this model can tell.',
    icon: 'cross',
  },
  undecided: { word: 'Undecided', text: 'No decision.', icon: 'question' },
};

export const FALLBACKS = {
  not_isolated: 'the page is not cross-origin isolated',
  no_relaxed_simd: 'the browser has no relaxed SIMD',
  one_core: 'the machine has one core',
  threads_failed: 'threads could not be started',
};

export const CAPTURES = {
  track_processor: 'track processor',
  video_frame: 'video frame callback',
  canvas: 'canvas',
};

export const MISSING = {
  wasm: 'WebAssembly',
  simd: 'WebAssembly SIMD',
  worker: 'web workers',
  getUserMedia: 'a camera interface (getUserMedia)',
  secureContext: 'a secure page (https or localhost)',
  cameraPolicy: 'permission of the embedding page for the camera',
};

const ERRORS = {
  CAMERA_DENIED: 'The camera is not allowed. Allow it in the browser’s settings, then try again.',
  CAMERA_NONE: 'No camera was found. Connect one, or open a video.',
  CAMERA_IN_USE: 'Another program is using the camera. Close it, then try again.',
  CAMERA_LOST: 'The camera went away. Connect it again, then try again.',
  CAMERA_FROZEN: 'The camera stopped giving pictures.',
  CAMERA_TIMEOUT: 'The question for the camera was not answered.',
  CAMERA_POLICY: 'This page may not use the camera.',
  CAMERA_INSECURE_CONTEXT: 'Cameras need https or localhost.',
  CAMERA_UNSUPPORTED: 'This browser gives no access to a camera.',
  CAMERA_BELOW_MINIMUM: 'This camera’s picture is too small: 320 x 240 is the least.',
  CLIP_EMPTY: 'There is nothing in this file.',
  CLIP_TOO_LARGE: 'This video is too large.',
  CLIP_TRUNCATED: 'This file ends too early.',
  DECODE_UNAVAILABLE: 'This browser cannot decode that video. Try mp4 (H.264), webm (VP9) or y4m.',
  ENV_FETCH: 'A file of the engine could not be downloaded.',
  ENV_INTEGRITY: 'A file of the engine is not the one it should be.',
  ENV_UNSUPPORTED: 'The engine needs more than this page has. Try variant simd with one thread.',
  ENV_OOM: 'There is not enough memory.',
  ENV_CSP_BLOCKED: 'The page’s security policy forbids WebAssembly or workers.',
};
const STAGES = {
  load: 'The engine could not be loaded.',
  model: 'This weight file cannot be used.',
  frame: 'A frame could not be used.',
  clip: 'This file cannot be read as a video.',
  decode: 'This video could not be decoded.',
  api: 'The address of this page asks for something that does not exist.',
  camera: 'The camera cannot be used.',
  engine: 'The engine failed.',
};

/** @param {any} error  a LivenessError, or anything else that was thrown */
export function errorWords(error) {
  return ERRORS[error?.code] ?? STAGES[error?.stage] ?? 'Something failed.';
}
