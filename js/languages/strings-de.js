// SPDX-License-Identifier: MIT
// @ts-check
// What <liveness-check> says in German; js/page/strings.js has the keys.

const NOT_SET_UP = 'Diese Seite ist nicht richtig eingerichtet. Bitte sagen Sie es dem Betreiber.';
const TOO_OLD = 'Dieser Browser ist zu alt. Aktualisieren Sie ihn oder nehmen Sie einen anderen.';
const TOO_LITTLE_MEMORY = 'Zu wenig freier Speicher. Schließen Sie andere Tabs und Apps.';
const RELOAD = 'Etwas ist schiefgegangen. Laden Sie die Seite neu, wenn es wieder passiert.';

export default Object.freeze({
  label: 'Gesichtsprüfung',
  start: 'Starten',
  retry: 'Noch einmal',
  cancel: 'Abbrechen',
  note: 'Das Video bleibt auf diesem Gerät.',
  code: 'Code: {code}',
  camera: 'Kamera',
  attempt: 'Versuch {attempt} von {attempts}',
  exhausted: 'Keine Versuche mehr übrig. Bitte wählen Sie einen anderen Weg.',

  idle: 'Ein kurzer Blick auf Ihr Gesicht',
  'idle.detail': 'Schauen Sie in die Kamera. Es dauert nur wenige Sekunden.',
  starting: 'Die Kamera startet',
  'starting.detail': 'Wenn Ihr Browser fragt, erlauben Sie es.',
  loading: 'Es geht gleich los',
  'loading.detail': 'Bringen Sie Ihr Gesicht ins Oval.',
  live: 'Fertig',
  'live.detail': 'Die Prüfung war erfolgreich.',
  spoof: 'Das hat nicht geklappt',
  'spoof.detail':
    'Drehen Sie sich zum Licht, halten Sie die Kamera auf Augenhöhe und schauen Sie hinein.',
  undecided: 'Das hat noch nicht geklappt',
  'undecided.detail': 'Drehen Sie sich zum Licht und halten Sie kurz still.',
  error: 'Die Prüfung kann nicht laufen',
  'error.detail': RELOAD,
  'error.camera': 'Kein Bild von der Kamera',

  ok: 'Stillhalten',
  no_face: 'Gesicht ins Oval bringen',
  multiple_faces: 'Bitte nur ein Gesicht',
  too_dark: 'Mehr Licht, bitte',
  too_bright: 'Weg vom grellen Licht drehen',
  low_contrast: 'Gesicht zum Licht drehen',
  move_closer: 'Näher kommen',
  move_back: 'Etwas weiter weg',
  center_face: 'In die Mitte rücken',
  hold_upright: 'Kopf und Gerät gerade halten',
  look_straight: 'Geradeaus schauen',
  hold_still: 'Stillhalten',
  noisy: 'Mehr Licht suchen',
  blurry: 'Linse abwischen und stillhalten',
  low_resolution: 'Etwas näher kommen',
  low_frame_rate: 'Mehr Licht suchen und stillhalten',
  frozen_frames: 'Das Bild steht still',
  paused: 'Die Kamera ist angehalten',
  'paused.detail': 'Beenden Sie den Anruf oder die App, die sie nutzt; dann geht es weiter.',

  'undecided.clip_short': 'Es endete zu früh. Halten Sie still, bis der Ring voll ist.',
  'undecided.no_face': 'Es war kein Gesicht zu sehen. Bringen Sie Ihr Gesicht ins Oval.',
  'undecided.multiple_faces': 'Es war mehr als ein Gesicht zu sehen. Nur eines darf im Bild sein.',
  'undecided.face_small': 'Ihr Gesicht war zu weit weg. Kommen Sie näher.',
  'undecided.face_moved': 'Es gab zu viel Bewegung. Halten Sie kurz still.',
  'undecided.frame_gap': 'Das Video stockte. Schließen Sie zuerst andere Tabs und Apps.',
  'undecided.format_changed': 'Die Kamera hat gewechselt. Halten Sie das Gerät, wie es ist.',
  'undecided.too_dark': 'Es war zu dunkel. Suchen Sie mehr Licht.',
  'undecided.too_bright': 'Es war zu hell. Drehen Sie sich weg vom Licht vor oder hinter Ihnen.',
  'undecided.low_contrast': 'Das Bild war zu blass. Drehen Sie Ihr Gesicht zum Licht.',
  'undecided.roll': 'Kopf oder Gerät lag auf der Seite. Halten Sie beides gerade.',
  'undecided.noisy': 'Das Bild rauschte zu stark. Suchen Sie mehr Licht.',
  'undecided.blurry': 'Das Bild war unscharf. Wischen Sie die Linse ab und halten Sie still.',
  'undecided.frozen_frames': 'Das Bild stand still. Starten Sie die Kamera neu.',
  'undecided.scene_changed':
    'Das Bild war von einem Moment zum nächsten ein anderes. Bleiben Sie im Bild.',
  'undecided.flat_motion': 'Nichts bewegte sich wie ein Mensch. Drehen Sie den Kopf ein wenig.',
  'undecided.repeated_frames': 'Dieselben Bilder kamen noch einmal. Starten Sie die Kamera neu.',
  'undecided.low_frame_rate':
    'Die Kamera war zu langsam. Suchen Sie mehr Licht und schließen Sie andere Apps.',
  'undecided.untrained_model':
    'Diese Seite läuft ohne trainiertes Modell und kann nichts entscheiden.',
  'undecided.timeout': 'Die Zeit ist um. Bringen Sie Ihr Gesicht ins Oval und halten Sie still.',
  'undecided.page_hidden': 'Die Seite war im Hintergrund. Lassen Sie sie bis zum Ende offen.',
  'undecided.camera_muted': 'Die Kamera war angehalten. Schalten Sie sie wieder ein.',

  CAMERA_INSECURE_CONTEXT:
    'Kameras gehen nur auf sicheren Seiten. Öffnen Sie diese Seite mit https://.',
  CAMERA_UNSUPPORTED: 'Dieser Browser gibt der Seite keine Kamera. Nehmen Sie einen anderen.',
  CAMERA_DENIED:
    'Die Kamera ist gesperrt. Erlauben Sie sie neben der Adresse der Seite oder in ' +
    'den Einstellungen des Geräts.',
  'CAMERA_DENIED.again':
    'Die Kamera wurde nicht erlaubt. Versuchen Sie es noch einmal und erlauben Sie sie.',
  CAMERA_POLICY: 'Diese Seite darf die Kamera nicht nutzen. Bitte sagen Sie es dem Betreiber.',
  CAMERA_TIMEOUT:
    'Ihr Browser bekam keine Antwort auf seine Frage. Erlauben Sie beim nächsten Mal ' +
    'die Kamera.',
  CAMERA_NONE: 'Keine Kamera gefunden. Schließen Sie eine an oder nehmen Sie ein Handy.',
  CAMERA_IN_USE:
    'Die Kamera ist vielleicht anderswo in Gebrauch. Schließen Sie andere Apps und ' +
    'Tabs, die sie nutzen.',
  CAMERA_BELOW_MINIMUM:
    'Das Bild dieser Kamera ist zu klein. Nehmen Sie eine andere oder ein Handy.',
  CAMERA_LOST: 'Die Kamera wurde getrennt. Schließen Sie sie wieder an.',
  CAMERA_FROZEN:
    'Die Kamera schickt keine Bilder mehr. Schließen Sie sie neu an oder schließen ' +
    'Sie andere Apps.',

  ENV_UNSUPPORTED: TOO_OLD,
  ENV_INSECURE_CONTEXT:
    'Die Prüfung braucht eine sichere Seite. Öffnen Sie diese Seite mit https://.',
  ENV_FETCH: 'Ein Teil der Prüfung konnte nicht geladen werden. Prüfen Sie Ihre Verbindung.',
  ENV_INTEGRITY:
    'Ein Teil der Prüfung kam beschädigt an. Laden Sie die Seite neu; hilft das ' +
    'nicht, sagen Sie es dem Betreiber.',
  ENV_CANVAS_BLOCKED:
    'Dieser Browser verbirgt das Bild. Erlauben Sie Canvas-Daten oder nehmen Sie ' +
    'einen anderen Browser.',
  ENV_CSP_BLOCKED: NOT_SET_UP,
  ENV_MODULE_BAD: TOO_OLD,
  ENV_WORKER_FAILED: 'Ein Teil der Prüfung konnte nicht starten. Prüfen Sie Ihre Verbindung.',
  ENV_WORKER_DEAD: RELOAD,
  ENV_CRASHED: RELOAD,
  ENV_TIMEOUT: 'Dieses Gerät ist zu beschäftigt. Schließen Sie zuerst andere Tabs und Apps.',
  ENV_OOM: TOO_LITTLE_MEMORY,
  NO_MEMORY: TOO_LITTLE_MEMORY,
  BAD_ARGUMENT: NOT_SET_UP,
  API_CLOSED: RELOAD,
  API_BUSY: 'Eine andere Prüfung läuft. Warten Sie, bis sie zu Ende ist.',
  FRAME:
    'Die Bilder dieser Kamera lassen sich nicht lesen. Nehmen Sie eine andere Kamera ' +
    'oder einen anderen Browser.',
  WEIGHTS: NOT_SET_UP,
});
