// SPDX-License-Identifier: MIT
// @ts-check
// What <liveness-check> says in Spanish; js/page/strings.js has the keys.

const NOT_SET_UP = 'Esta página no está bien configurada. Avise a su responsable.';
const TOO_OLD = 'Este navegador es demasiado antiguo. Actualícelo o use otro.';
const TOO_LITTLE_MEMORY = 'Hay poca memoria libre. Cierre otras pestañas y aplicaciones.';
const RELOAD = 'Algo ha fallado. Si vuelve a ocurrir, recargue la página.';

export default Object.freeze({
  label: 'Comprobación del rostro',
  start: 'Empezar',
  retry: 'Reintentar',
  cancel: 'Cancelar',
  note: 'El vídeo no sale de este dispositivo.',
  code: 'Código: {code}',
  camera: 'Cámara',
  attempt: 'Intento {attempt} de {attempts}',
  exhausted: 'No quedan intentos. Elija otra vía, por favor.',

  idle: 'Un vistazo rápido a su rostro',
  'idle.detail': 'Mire a la cámara. Solo tarda unos segundos.',
  starting: 'Iniciando la cámara',
  'starting.detail': 'Si su navegador lo pregunta, permítalo.',
  loading: 'Preparando',
  'loading.detail': 'Ponga el rostro dentro del óvalo.',
  live: 'Listo',
  'live.detail': 'La comprobación ha salido bien.',
  spoof: 'No ha funcionado',
  'spoof.detail': 'Póngase de cara a la luz, con la cámara a la altura de los ojos, y mírela.',
  undecided: 'Aún no ha funcionado',
  'undecided.detail': 'Póngase de cara a la luz y no se mueva un momento.',
  error: 'No se puede hacer la comprobación',
  'error.detail': RELOAD,
  'error.camera': 'No llega imagen de la cámara',

  ok: 'No se mueva',
  no_face: 'Ponga el rostro en el óvalo',
  multiple_faces: 'Solo un rostro, por favor',
  too_dark: 'Busque más luz',
  too_bright: 'Apártese de la luz fuerte',
  low_contrast: 'Gire el rostro hacia la luz',
  move_closer: 'Acérquese',
  move_back: 'Aléjese un poco',
  center_face: 'Póngase en el centro',
  hold_upright: 'Mantén rectos la cabeza y el dispositivo',
  look_straight: 'Mire al frente',
  hold_still: 'No se mueva',
  noisy: 'Busca más luz',
  blurry: 'Limpie la lente y no se mueva',
  low_resolution: 'Acérquese un poco',
  low_frame_rate: 'Busque más luz y no se mueva',
  frozen_frames: 'La imagen está parada',
  paused: 'La cámara está en pausa',
  'paused.detail': 'Termine la llamada o cierre la aplicación que la usa; después continúa.',

  'undecided.clip_short': 'Terminó demasiado pronto. No se mueva hasta que se llene el anillo.',
  'undecided.no_face': 'No se veía ningún rostro. Póngalo dentro del óvalo.',
  'undecided.multiple_faces': 'Había más de un rostro. Solo puede haber uno en la imagen.',
  'undecided.face_small': 'El rostro estaba demasiado lejos. Acérquese.',
  'undecided.face_moved': 'Hubo demasiado movimiento. No se mueva un momento.',
  'undecided.frame_gap': 'El vídeo se cortaba. Cierre antes otras pestañas y aplicaciones.',
  'undecided.format_changed': 'La cámara cambió. Mantenga el dispositivo como está.',
  'undecided.too_dark': 'Estaba demasiado oscuro. Busque más luz.',
  'undecided.too_bright': 'Había demasiada luz. Apártese de la que tenga delante o detrás.',
  'undecided.low_contrast': 'La imagen era demasiado pálida. Gire el rostro hacia la luz.',
  'undecided.roll': 'La cabeza o el dispositivo estaba de lado. Mantén ambos rectos.',
  'undecided.noisy': 'La imagen tenía demasiado ruido. Busca más luz.',
  'undecided.blurry': 'La imagen no era nítida. Limpie la lente y no se mueva.',
  'undecided.frozen_frames': 'La imagen estaba parada. Reinicie la cámara.',
  'undecided.scene_changed': 'La imagen cambió de un momento a otro. Quédate a la vista.',
  'undecided.flat_motion': 'Nada se movió como una persona. Gira un poco la cabeza.',
  'undecided.repeated_frames': 'Se repitieron las mismas imágenes. Vuelve a iniciar la cámara.',
  'undecided.low_frame_rate':
    'La cámara iba demasiado lenta. Busque más luz, cierre otras aplicaciones.',
  'undecided.untrained_model': 'Esta página no tiene un modelo entrenado y no puede decidir nada.',
  'undecided.timeout': 'Se acabó el tiempo. Ponga el rostro en el óvalo y no se mueva.',
  'undecided.page_hidden': 'La página estaba en segundo plano. Manténgala abierta hasta el final.',
  'undecided.camera_muted': 'La cámara estaba en pausa. Enciéndala de nuevo.',

  CAMERA_INSECURE_CONTEXT:
    'La cámara solo funciona en páginas seguras. Abra esta página con https://.',
  CAMERA_UNSUPPORTED: 'Este navegador no da cámara a la página. Ábrala en otro.',
  CAMERA_DENIED:
    'La cámara está bloqueada. Permítala junto a la dirección de la página o en los ' +
    'ajustes del dispositivo.',
  'CAMERA_DENIED.again': 'No se ha permitido la cámara. Reinténtelo y permítala.',
  CAMERA_POLICY: 'Esta página no puede usar la cámara. Avise a su responsable.',
  CAMERA_TIMEOUT: 'El navegador no obtuvo respuesta. Permita la cámara la próxima vez.',
  CAMERA_NONE: 'No se encontró ninguna cámara. Conecte una o use un teléfono.',
  CAMERA_IN_USE: 'Puede que otra aplicación use la cámara. Cierre otras aplicaciones y pestañas.',
  CAMERA_BELOW_MINIMUM: 'La imagen de esta cámara es demasiado pequeña. Use otra o un teléfono.',
  CAMERA_LOST: 'La cámara se ha desconectado. Conéctela de nuevo.',
  CAMERA_FROZEN:
    'La cámara ha dejado de enviar imágenes. Conéctela de nuevo o cierre otras aplicaciones.',

  ENV_UNSUPPORTED: TOO_OLD,
  ENV_INSECURE_CONTEXT: 'La comprobación exige una página segura. Abra esta página con https://.',
  ENV_FETCH: 'No se pudo cargar una parte de la comprobación. Revise su conexión.',
  ENV_INTEGRITY:
    'Una parte de la comprobación llegó dañada. Recargue la página; si se repite, ' +
    'avise a su responsable.',
  ENV_CANVAS_BLOCKED:
    'Este navegador oculta la imagen. Permita los datos de canvas o use otro navegador.',
  ENV_CSP_BLOCKED: NOT_SET_UP,
  ENV_MODULE_BAD: TOO_OLD,
  ENV_WORKER_FAILED: 'No se pudo iniciar una parte de la comprobación. Revise su conexión.',
  ENV_WORKER_DEAD: RELOAD,
  ENV_CRASHED: RELOAD,
  ENV_TIMEOUT: 'El dispositivo está demasiado ocupado. Cierre antes otras pestañas y aplicaciones.',
  ENV_OOM: TOO_LITTLE_MEMORY,
  NO_MEMORY: TOO_LITTLE_MEMORY,
  BAD_ARGUMENT: NOT_SET_UP,
  API_CLOSED: RELOAD,
  API_BUSY: 'Hay otra comprobación en marcha. Espere a que termine.',
  FRAME: 'No se pueden leer las imágenes de esta cámara. Use otra cámara u otro navegador.',
  WEIGHTS: NOT_SET_UP,
});
