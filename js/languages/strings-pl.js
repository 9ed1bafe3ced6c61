// SPDX-License-Identifier: MIT
// @ts-check
// What <liveness-check> says in Polish; js/page/strings.js has the keys.

const NOT_SET_UP = 'Ta strona jest źle skonfigurowana. Powiadom jej właściciela.';
const TOO_OLD = 'Ta przeglądarka jest za stara. Zaktualizuj ją lub użyj innej.';
const TOO_LITTLE_MEMORY = 'Za mało wolnej pamięci. Zamknij inne karty i aplikacje.';
const RELOAD = 'Coś poszło nie tak. Jeśli się powtórzy, odśwież stronę.';

export default Object.freeze({
  label: 'Sprawdzenie twarzy',
  start: 'Zacznij',
  retry: 'Spróbuj ponownie',
  cancel: 'Anuluj',
  note: 'Film pozostaje na tym urządzeniu.',
  code: 'Kod: {code}',
  camera: 'Kamera',
  attempt: 'Próba {attempt} z {attempts}',
  exhausted: 'Nie ma więcej prób. Wybierz inny sposób.',

  idle: 'Krótkie spojrzenie na twarz',
  'idle.detail': 'Spójrz w kamerę. To potrwa kilka sekund.',
  starting: 'Uruchamianie kamery',
  'starting.detail': 'Jeśli przeglądarka zapyta, zezwól.',
  loading: 'Przygotowanie',
  'loading.detail': 'Umieść twarz w owalu.',
  live: 'Gotowe',
  'live.detail': 'Sprawdzenie się powiodło.',
  spoof: 'Nie udało się',
  'spoof.detail': 'Stań twarzą do światła, trzymaj kamerę na wysokości oczu i patrz w nią.',
  undecided: 'Jeszcze się nie udało',
  'undecided.detail': 'Stań twarzą do światła i nie ruszaj się przez chwilę.',
  error: 'Nie można wykonać sprawdzenia',
  'error.detail': RELOAD,
  'error.camera': 'Brak obrazu z kamery',

  ok: 'Nie ruszaj się',
  no_face: 'Umieść twarz w owalu',
  multiple_faces: 'Tylko jedna twarz',
  too_dark: 'Znajdź więcej światła',
  too_bright: 'Odwróć się od jasnego światła',
  low_contrast: 'Zwróć twarz do światła',
  move_closer: 'Podejdź bliżej',
  move_back: 'Odsuń się trochę',
  center_face: 'Przesuń się na środek',
  hold_upright: 'Trzymaj głowę i urządzenie prosto',
  look_straight: 'Patrz prosto',
  hold_still: 'Nie ruszaj się',
  noisy: 'Znajdź więcej światła',
  blurry: 'Przetrzyj obiektyw i nie ruszaj się',
  low_resolution: 'Podejdź trochę bliżej',
  low_frame_rate: 'Znajdź więcej światła i nie ruszaj się',
  frozen_frames: 'Obraz stoi w miejscu',
  paused: 'Kamera jest wstrzymana',
  'paused.detail':
    'Zakończ rozmowę lub zamknij aplikację, która jej używa; potem sprawdzanie ruszy dalej.',

  'undecided.clip_short': 'Skończyło się za wcześnie. Nie ruszaj się, aż pierścień się wypełni.',
  'undecided.no_face': 'Nie było widać twarzy. Umieść ją w owalu.',
  'undecided.multiple_faces': 'Było więcej twarzy. W obrazie może być tylko jedna.',
  'undecided.face_small': 'Twarz była za daleko. Podejdź bliżej.',
  'undecided.face_moved': 'Było za dużo ruchu. Nie ruszaj się przez chwilę.',
  'undecided.frame_gap': 'Film się zacinał. Najpierw zamknij inne karty i aplikacje.',
  'undecided.format_changed': 'Kamera się zmieniła. Trzymaj urządzenie tak, jak jest.',
  'undecided.too_dark': 'Było za ciemno. Znajdź więcej światła.',
  'undecided.too_bright': 'Było za jasno. Odwróć się od światła przed sobą lub za sobą.',
  'undecided.low_contrast': 'Obraz był za blady. Zwróć twarz do światła.',
  'undecided.roll': 'Głowa lub urządzenie było przechylone. Trzymaj je prosto.',
  'undecided.noisy': 'Obraz miał za dużo szumu. Znajdź więcej światła.',
  'undecided.blurry': 'Obraz nie był ostry. Przetrzyj obiektyw i nie ruszaj się.',
  'undecided.frozen_frames': 'Obraz stał w miejscu. Uruchom kamerę ponownie.',
  'undecided.scene_changed': 'Obraz zmienił się z chwili na chwilę. Pozostań w kadrze.',
  'undecided.flat_motion': 'Nic nie poruszyło się jak człowiek. Obróć lekko głowę.',
  'undecided.repeated_frames': 'Te same obrazy się powtórzyły. Uruchom kamerę ponownie.',
  'undecided.low_frame_rate':
    'Kamera była za wolna. Znajdź więcej światła, zamknij inne aplikacje.',
  'undecided.untrained_model':
    'Ta strona działa bez wyuczonego modelu i nie może nic rozstrzygnąć.',
  'undecided.timeout': 'Czas minął. Umieść twarz w owalu i nie ruszaj się.',
  'undecided.page_hidden': 'Strona była w tle. Pozostaw ją otwartą do końca.',
  'undecided.camera_muted': 'Kamera była wstrzymana. Włącz ją ponownie.',

  CAMERA_INSECURE_CONTEXT:
    'Kamera działa tylko na bezpiecznych stronach. Otwórz tę stronę przez https://.',
  CAMERA_UNSUPPORTED: 'Ta przeglądarka nie daje stronie kamery. Otwórz ją w innej.',
  CAMERA_DENIED:
    'Kamera jest zablokowana. Zezwól na nią obok adresu strony lub w ustawieniach urządzenia.',
  'CAMERA_DENIED.again': 'Nie zezwolono na kamerę. Spróbuj ponownie i zezwól.',
  CAMERA_POLICY: 'Ta strona nie może używać kamery. Powiadom jej właściciela.',
  CAMERA_TIMEOUT: 'Przeglądarka nie dostała odpowiedzi. Następnym razem zezwól na kamerę.',
  CAMERA_NONE: 'Nie znaleziono kamery. Podłącz ją lub użyj telefonu.',
  CAMERA_IN_USE: 'Kamera może być zajęta. Zamknij inne aplikacje i karty, które jej używają.',
  CAMERA_BELOW_MINIMUM: 'Obraz tej kamery jest za mały. Użyj innej lub telefonu.',
  CAMERA_LOST: 'Kamera została odłączona. Podłącz ją ponownie.',
  CAMERA_FROZEN: 'Kamera przestała wysyłać obraz. Podłącz ją ponownie lub zamknij inne aplikacje.',

  ENV_UNSUPPORTED: TOO_OLD,
  ENV_INSECURE_CONTEXT: 'Sprawdzenie wymaga bezpiecznej strony. Otwórz tę stronę przez https://.',
  ENV_FETCH: 'Nie udało się wczytać części sprawdzenia. Sprawdź połączenie.',
  ENV_INTEGRITY:
    'Część sprawdzenia dotarła uszkodzona. Odśwież stronę; jeśli to nie pomoże, ' +
    'powiadom jej właściciela.',
  ENV_CANVAS_BLOCKED: 'Ta przeglądarka ukrywa obraz. Zezwól na dane canvas lub użyj innej.',
  ENV_CSP_BLOCKED: NOT_SET_UP,
  ENV_MODULE_BAD: TOO_OLD,
  ENV_WORKER_FAILED: 'Nie udało się uruchomić części sprawdzenia. Sprawdź połączenie.',
  ENV_WORKER_DEAD: RELOAD,
  ENV_CRASHED: RELOAD,
  ENV_TIMEOUT: 'Urządzenie jest zbyt zajęte. Najpierw zamknij inne karty i aplikacje.',
  ENV_OOM: TOO_LITTLE_MEMORY,
  NO_MEMORY: TOO_LITTLE_MEMORY,
  BAD_ARGUMENT: NOT_SET_UP,
  API_CLOSED: RELOAD,
  API_BUSY: 'Trwa inne sprawdzenie. Poczekaj, aż się skończy.',
  FRAME: 'Nie można odczytać obrazu tej kamery. Użyj innej kamery lub przeglądarki.',
  WEIGHTS: NOT_SET_UP,
});
