// SPDX-License-Identifier: MIT
// @ts-check
// What <liveness-check> says in French; js/page/strings.js has the keys.

const NOT_SET_UP = 'Cette page est mal configurée. Veuillez prévenir son responsable.';
const TOO_OLD = 'Ce navigateur est trop ancien. Mettez-le à jour ou utilisez-en un autre.';
const TOO_LITTLE_MEMORY = 'Mémoire libre insuffisante. Fermez d’autres onglets et applications.';
const RELOAD = 'Un problème est survenu. Rechargez la page si cela se reproduit.';

export default Object.freeze({
  label: 'Vérification du visage',
  start: 'Commencer',
  retry: 'Réessayer',
  cancel: 'Annuler',
  note: 'La vidéo reste sur cet appareil.',
  code: 'Code : {code}',
  camera: 'Caméra',
  attempt: 'Essai {attempt} sur {attempts}',
  exhausted: 'Il ne reste plus d’essai. Veuillez choisir un autre moyen.',

  idle: 'Un bref regard sur votre visage',
  'idle.detail': 'Regardez la caméra. Cela prend quelques secondes.',
  starting: 'La caméra démarre',
  'starting.detail': 'Si votre navigateur le demande, autorisez-la.',
  loading: 'Préparation',
  'loading.detail': 'Placez votre visage dans l’ovale.',
  live: 'Terminé',
  'live.detail': 'La vérification a réussi.',
  spoof: 'Cela n’a pas marché',
  'spoof.detail': 'Placez-vous face à la lumière, la caméra à hauteur des yeux, et regardez-la.',
  undecided: 'Cela n’a pas encore marché',
  'undecided.detail': 'Placez-vous face à la lumière et ne bougez pas un instant.',
  error: 'La vérification ne peut pas se faire',
  'error.detail': RELOAD,
  'error.camera': 'Pas d’image de la caméra',

  ok: 'Ne bougez plus',
  no_face: 'Placez votre visage dans l’ovale',
  multiple_faces: 'Un seul visage, s’il vous plaît',
  too_dark: 'Cherchez plus de lumière',
  too_bright: 'Éloignez-vous de la lumière vive',
  low_contrast: 'Tournez le visage vers la lumière',
  move_closer: 'Approchez-vous',
  move_back: 'Reculez un peu',
  center_face: 'Placez-vous au milieu',
  hold_upright: 'Tenez la tête et l’appareil droits',
  look_straight: 'Regardez droit devant',
  hold_still: 'Ne bougez plus',
  noisy: 'Cherchez plus de lumière',
  blurry: 'Essuyez l’objectif et ne bougez plus',
  low_resolution: 'Approchez-vous un peu',
  low_frame_rate: 'Plus de lumière, et ne bougez plus',
  frozen_frames: 'L’image est figée',
  paused: 'La caméra est en pause',
  'paused.detail':
    'Terminez l’appel ou fermez l’application qui l’utilise ; la vérification reprendra.',

  'undecided.clip_short': 'C’était trop court. Ne bougez pas jusqu’à ce que l’anneau soit plein.',
  'undecided.no_face': 'Aucun visage n’était visible. Placez le vôtre dans l’ovale.',
  'undecided.multiple_faces': 'Il y avait plus d’un visage. Un seul peut être dans l’image.',
  'undecided.face_small': 'Votre visage était trop loin. Approchez-vous.',
  'undecided.face_moved': 'Il y avait trop de mouvement. Ne bougez pas un instant.',
  'undecided.frame_gap':
    'La vidéo s’est interrompue. Fermez d’abord d’autres onglets et applications.',
  'undecided.format_changed': 'La caméra a changé. Gardez l’appareil comme il est.',
  'undecided.too_dark': 'Il faisait trop sombre. Cherchez plus de lumière.',
  'undecided.too_bright':
    'Il y avait trop de lumière. Détournez-vous de celle qui est devant ou derrière vous.',
  'undecided.low_contrast': 'L’image était trop pâle. Tournez le visage vers la lumière.',
  'undecided.roll': 'La tête ou l’appareil était penché. Tenez les deux droits.',
  'undecided.noisy': 'L’image avait trop de bruit. Cherchez plus de lumière.',
  'undecided.blurry': 'L’image n’était pas nette. Essuyez l’objectif et ne bougez pas.',
  'undecided.frozen_frames': 'L’image était figée. Redémarrez la caméra.',
  'undecided.scene_changed': 'L’image a changé d’un instant à l’autre. Restez dans le champ.',
  'undecided.flat_motion': 'Rien n’a bougé comme une personne. Tournez un peu la tête.',
  'undecided.repeated_frames': 'Les mêmes images sont revenues. Redémarrez la caméra.',
  'undecided.low_frame_rate':
    'La caméra était trop lente. Cherchez plus de lumière, fermez d’autres applications.',
  'undecided.untrained_model': 'Cette page n’a pas de modèle entraîné et ne peut rien décider.',
  'undecided.timeout': 'Le temps est écoulé. Placez votre visage dans l’ovale et ne bougez plus.',
  'undecided.page_hidden': 'La page était en arrière-plan. Gardez-la ouverte jusqu’à la fin.',
  'undecided.camera_muted': 'La caméra était en pause. Rallumez-la.',

  CAMERA_INSECURE_CONTEXT: 'La caméra exige une page sécurisée. Ouvrez cette page avec https://.',
  CAMERA_UNSUPPORTED: 'Ce navigateur ne donne pas de caméra à la page. Ouvrez-la dans un autre.',
  CAMERA_DENIED:
    'La caméra est bloquée. Autorisez-la à côté de l’adresse de la page ou dans les ' +
    'réglages de l’appareil.',
  'CAMERA_DENIED.again': 'La caméra n’a pas été autorisée. Réessayez, puis autorisez-la.',
  CAMERA_POLICY: 'Cette page ne peut pas utiliser la caméra. Veuillez prévenir son responsable.',
  CAMERA_TIMEOUT: 'Votre navigateur n’a pas eu de réponse. Autorisez la caméra la prochaine fois.',
  CAMERA_NONE: 'Aucune caméra trouvée. Branchez-en une ou utilisez un téléphone.',
  CAMERA_IN_USE:
    'La caméra est peut-être utilisée ailleurs. Fermez les autres applications et onglets.',
  CAMERA_BELOW_MINIMUM:
    'L’image de cette caméra est trop petite. Utilisez-en une autre ou un téléphone.',
  CAMERA_LOST: 'La caméra a été débranchée. Rebranchez-la.',
  CAMERA_FROZEN: 'La caméra n’envoie plus d’images. Rebranchez-la ou fermez d’autres applications.',

  ENV_UNSUPPORTED: TOO_OLD,
  ENV_INSECURE_CONTEXT:
    'La vérification exige une page sécurisée. Ouvrez cette page avec https://.',
  ENV_FETCH: 'Une partie de la vérification n’a pas pu être chargée. Vérifiez votre connexion.',
  ENV_INTEGRITY:
    'Une partie de la vérification est arrivée endommagée. Rechargez la page ; ' +
    'sinon, prévenez son responsable.',
  ENV_CANVAS_BLOCKED:
    'Ce navigateur masque l’image. Autorisez les données de canevas ou utilisez-en un autre.',
  ENV_CSP_BLOCKED: NOT_SET_UP,
  ENV_MODULE_BAD: TOO_OLD,
  ENV_WORKER_FAILED: 'Une partie de la vérification n’a pas pu démarrer. Vérifiez votre connexion.',
  ENV_WORKER_DEAD: RELOAD,
  ENV_CRASHED: RELOAD,
  ENV_TIMEOUT: 'Cet appareil est trop occupé. Fermez d’abord d’autres onglets et applications.',
  ENV_OOM: TOO_LITTLE_MEMORY,
  NO_MEMORY: TOO_LITTLE_MEMORY,
  BAD_ARGUMENT: NOT_SET_UP,
  API_CLOSED: RELOAD,
  API_BUSY: 'Une autre vérification est en cours. Attendez qu’elle soit finie.',
  FRAME:
    'Les images de cette caméra sont illisibles. Utilisez une autre caméra ou un ' +
    'autre navigateur.',
  WEIGHTS: NOT_SET_UP,
});
