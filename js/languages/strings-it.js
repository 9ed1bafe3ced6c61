// SPDX-License-Identifier: MIT
// @ts-check
// What <liveness-check> says in Italian; js/page/strings.js has the keys.

const NOT_SET_UP = 'Questa pagina non è configurata bene. Avvisi il responsabile.';
const TOO_OLD = 'Questo browser è troppo vecchio. Lo aggiorni o ne usi un altro.';
const TOO_LITTLE_MEMORY = 'C’è poca memoria libera. Chiuda altre schede e app.';
const RELOAD = 'Qualcosa è andato storto. Se succede ancora, ricarichi la pagina.';

export default Object.freeze({
  label: 'Controllo del volto',
  start: 'Inizia',
  retry: 'Riprova',
  cancel: 'Annulla',
  note: 'Il video resta su questo dispositivo.',
  code: 'Codice: {code}',
  camera: 'Fotocamera',
  attempt: 'Tentativo {attempt} di {attempts}',
  exhausted: 'Non restano tentativi. Scelga un’altra via, per favore.',

  idle: 'Un rapido sguardo al suo volto',
  'idle.detail': 'Guardi nella fotocamera. Bastano pochi secondi.',
  starting: 'La fotocamera si avvia',
  'starting.detail': 'Se il browser lo chiede, lo consenta.',
  loading: 'Un momento',
  'loading.detail': 'Porti il volto nell’ovale.',
  live: 'Fatto',
  'live.detail': 'Il controllo è riuscito.',
  spoof: 'Non è riuscito',
  'spoof.detail':
    'Si metta di fronte alla luce, con la fotocamera all’altezza degli occhi, e la guardi.',
  undecided: 'Non è ancora riuscito',
  'undecided.detail': 'Si metta di fronte alla luce e resti immobile un momento.',
  error: 'Il controllo non può partire',
  'error.detail': RELOAD,
  'error.camera': 'Nessuna immagine dalla fotocamera',

  ok: 'Resti immobile',
  no_face: 'Porti il volto nell’ovale',
  multiple_faces: 'Un solo volto, per favore',
  too_dark: 'Cerchi più luce',
  too_bright: 'Si allontani dalla luce forte',
  low_contrast: 'Giri il volto verso la luce',
  move_closer: 'Si avvicini',
  move_back: 'Si allontani un po’',
  center_face: 'Si metta al centro',
  hold_upright: 'Tieni dritti la testa e il dispositivo',
  look_straight: 'Guardi dritto davanti a sé',
  hold_still: 'Resti immobile',
  noisy: 'Cerca più luce',
  blurry: 'Pulisca l’obiettivo e resti immobile',
  low_resolution: 'Si avvicini un po’',
  low_frame_rate: 'Cerchi più luce e resti immobile',
  frozen_frames: 'L’immagine è ferma',
  paused: 'La fotocamera è in pausa',
  'paused.detail': 'Termini la chiamata o chiuda l’app che la usa; poi la verifica continua.',

  'undecided.clip_short': 'È finito troppo presto. Resti immobile finché l’anello è pieno.',
  'undecided.no_face': 'Non si vedeva alcun volto. Lo porti nell’ovale.',
  'undecided.multiple_faces': 'C’era più di un volto. Solo uno può essere nell’immagine.',
  'undecided.face_small': 'Il volto era troppo lontano. Si avvicini.',
  'undecided.face_moved': 'C’era troppo movimento. Resti immobile un momento.',
  'undecided.frame_gap': 'Il video si interrompeva. Chiuda prima altre schede e app.',
  'undecided.format_changed': 'La fotocamera è cambiata. Tenga il dispositivo com’è.',
  'undecided.too_dark': 'Era troppo buio. Cerchi più luce.',
  'undecided.too_bright': 'C’era troppa luce. Si sposti da quella davanti o dietro di lei.',
  'undecided.low_contrast': 'L’immagine era troppo pallida. Giri il volto verso la luce.',
  'undecided.roll': 'La testa o il dispositivo era di lato. Tieni dritti entrambi.',
  'undecided.noisy': 'L’immagine era troppo disturbata. Cerca più luce.',
  'undecided.blurry': 'L’immagine non era nitida. Pulisca l’obiettivo e resti immobile.',
  'undecided.frozen_frames': 'L’immagine era ferma. Riavvii la fotocamera.',
  'undecided.scene_changed': 'L’immagine è cambiata da un momento all’altro. Resta in vista.',
  'undecided.flat_motion': 'Nulla si è mosso come una persona. Gira un po’ la testa.',
  'undecided.repeated_frames': 'Le stesse immagini si sono ripetute. Riavvia la fotocamera.',
  'undecided.low_frame_rate': 'La fotocamera era troppo lenta. Cerchi più luce, chiuda altre app.',
  'undecided.untrained_model':
    'Questa pagina non ha un modello addestrato e non può decidere nulla.',
  'undecided.timeout': 'Il tempo è scaduto. Porti il volto nell’ovale e resti immobile.',
  'undecided.page_hidden': 'La pagina era in secondo piano. La tenga aperta fino alla fine.',
  'undecided.camera_muted': 'La fotocamera era in pausa. La riaccenda.',

  CAMERA_INSECURE_CONTEXT:
    'La fotocamera funziona solo su pagine sicure. Apra questa pagina con https://.',
  CAMERA_UNSUPPORTED: 'Questo browser non dà la fotocamera alla pagina. La apra in un altro.',
  CAMERA_DENIED:
    'La fotocamera è bloccata. La consenta accanto all’indirizzo della pagina o ' +
    'nelle impostazioni del dispositivo.',
  'CAMERA_DENIED.again': 'La fotocamera non è stata consentita. Riprovi e la consenta.',
  CAMERA_POLICY: 'Questa pagina non può usare la fotocamera. Avvisi il responsabile.',
  CAMERA_TIMEOUT: 'Il browser non ha avuto risposta. La prossima volta consenta la fotocamera.',
  CAMERA_NONE: 'Nessuna fotocamera trovata. Ne colleghi una o usi un telefono.',
  CAMERA_IN_USE: 'La fotocamera forse è in uso altrove. Chiuda altre app e schede che la usano.',
  CAMERA_BELOW_MINIMUM:
    'L’immagine di questa fotocamera è troppo piccola. Ne usi un’altra o un telefono.',
  CAMERA_LOST: 'La fotocamera è stata scollegata. La ricolleghi.',
  CAMERA_FROZEN: 'La fotocamera non manda più immagini. La ricolleghi o chiuda altre app.',

  ENV_UNSUPPORTED: TOO_OLD,
  ENV_INSECURE_CONTEXT: 'Il controllo richiede una pagina sicura. Apra questa pagina con https://.',
  ENV_FETCH: 'Una parte del controllo non si è caricata. Guardi la connessione.',
  ENV_INTEGRITY:
    'Una parte del controllo è arrivata danneggiata. Ricarichi la pagina; se si ' +
    'ripete, avvisi il responsabile.',
  ENV_CANVAS_BLOCKED:
    'Questo browser nasconde l’immagine. Consenta i dati canvas o usi un altro browser.',
  ENV_CSP_BLOCKED: NOT_SET_UP,
  ENV_MODULE_BAD: TOO_OLD,
  ENV_WORKER_FAILED: 'Una parte del controllo non si è avviata. Guardi la connessione.',
  ENV_WORKER_DEAD: RELOAD,
  ENV_CRASHED: RELOAD,
  ENV_TIMEOUT: 'Il dispositivo è troppo occupato. Chiuda prima altre schede e app.',
  ENV_OOM: TOO_LITTLE_MEMORY,
  NO_MEMORY: TOO_LITTLE_MEMORY,
  BAD_ARGUMENT: NOT_SET_UP,
  API_CLOSED: RELOAD,
  API_BUSY: 'Un altro controllo è in corso. Aspetti che finisca.',
  FRAME:
    'Le immagini di questa fotocamera non si leggono. Usi un’altra fotocamera o un ' +
    'altro browser.',
  WEIGHTS: NOT_SET_UP,
});
