// SPDX-License-Identifier: MIT
// @ts-check
// What <liveness-check> says in Turkish; js/page/strings.js has the keys.

const NOT_SET_UP = 'Bu sayfa doğru kurulmamış. Lütfen sahibine bildirin.';
const TOO_OLD = 'Bu tarayıcı çok eski. Güncelleyin veya başka birini kullanın.';
const TOO_LITTLE_MEMORY = 'Boş bellek çok az. Diğer sekmeleri ve uygulamaları kapatın.';
const RELOAD = 'Bir şeyler ters gitti. Yeniden olursa sayfayı yenileyin.';

export default Object.freeze({
  label: 'Yüz kontrolü',
  start: 'Başla',
  retry: 'Yeniden dene',
  cancel: 'İptal',
  note: 'Video bu cihazda kalır.',
  code: 'Kod: {code}',
  camera: 'Kamera',
  attempt: 'Deneme {attempt} / {attempts}',
  exhausted: 'Deneme hakkı kalmadı. Lütfen başka bir yol seçin.',

  idle: 'Yüzünüze kısa bir bakış',
  'idle.detail': 'Kameraya bakın. Birkaç saniye sürer.',
  starting: 'Kamera açılıyor',
  'starting.detail': 'Tarayıcınız sorarsa izin verin.',
  loading: 'Hazırlanıyor',
  'loading.detail': 'Yüzünüzü ovalin içine getirin.',
  live: 'Tamam',
  'live.detail': 'Kontrol başarılı oldu.',
  spoof: 'Olmadı',
  'spoof.detail': 'Işığa dönün, kamerayı göz hizasında tutun ve kameraya bakın.',
  undecided: 'Henüz olmadı',
  'undecided.detail': 'Işığa dönün ve bir an kıpırdamayın.',
  error: 'Kontrol yapılamıyor',
  'error.detail': RELOAD,
  'error.camera': 'Kameradan görüntü gelmiyor',

  ok: 'Kıpırdamayın',
  no_face: 'Yüzünüzü ovale getirin',
  multiple_faces: 'Lütfen yalnızca bir yüz',
  too_dark: 'Daha aydınlık bir yer bulun',
  too_bright: 'Parlak ışıktan uzaklaşın',
  low_contrast: 'Yüzünüzü ışığa çevirin',
  move_closer: 'Yaklaşın',
  move_back: 'Biraz uzaklaşın',
  center_face: 'Ortaya gelin',
  look_straight: 'Tam karşıya bakın',
  hold_still: 'Kıpırdamayın',
  blurry: 'Merceği silin ve kıpırdamayın',
  low_resolution: 'Biraz yaklaşın',
  low_frame_rate: 'Işığı artırın ve kıpırdamayın',
  frozen_frames: 'Görüntü dondu',
  paused: 'Kamera duraklatıldı',

  'undecided.clip_short': 'Çok erken bitti. Halka dolana kadar kıpırdamayın.',
  'undecided.no_face': 'Yüz görünmüyordu. Yüzünüzü ovalin içine getirin.',
  'undecided.multiple_faces': 'Birden fazla yüz vardı. Görüntüde yalnızca biri olabilir.',
  'undecided.face_small': 'Yüzünüz çok uzaktaydı. Yaklaşın.',
  'undecided.face_moved': 'Çok fazla hareket vardı. Bir an kıpırdamayın.',
  'undecided.frame_gap': 'Video takıldı. Önce diğer sekmeleri ve uygulamaları kapatın.',
  'undecided.format_changed': 'Kamera değişti. Cihazı olduğu gibi tutun.',
  'undecided.too_dark': 'Çok karanlıktı. Daha aydınlık bir yer bulun.',
  'undecided.too_bright': 'Çok parlaktı. Önünüzdeki veya arkanızdaki ışıktan uzaklaşın.',
  'undecided.low_contrast': 'Görüntü çok soluktu. Yüzünüzü ışığa çevirin.',
  'undecided.blurry': 'Görüntü net değildi. Merceği silin ve kıpırdamayın.',
  'undecided.frozen_frames': 'Görüntü donmuştu. Kamerayı yeniden başlatın.',
  'undecided.low_frame_rate': 'Kamera çok yavaştı. Işığı artırın, diğer uygulamaları kapatın.',
  'undecided.untrained_model': 'Bu sayfada eğitilmiş model yok, bu yüzden karar verilemez.',
  'undecided.timeout': 'Süre doldu. Yüzünüzü ovale getirin ve kıpırdamayın.',
  'undecided.page_hidden': 'Sayfa arka plandaydı. Sonuna kadar açık tutun.',
  'undecided.camera_muted': 'Kamera duraklatılmıştı. Yeniden açın.',

  CAMERA_INSECURE_CONTEXT:
    'Kamera yalnızca güvenli sayfalarda çalışır. Bu sayfayı https:// ile açın.',
  CAMERA_UNSUPPORTED: 'Bu tarayıcı sayfaya kamera vermiyor. Sayfayı başka birinde açın.',
  CAMERA_DENIED: 'Kamera engellendi. Sayfa adresinin yanında veya cihazın ayarlarında izin verin.',
  'CAMERA_DENIED.again': 'Kameraya izin verilmedi. Yeniden deneyin ve izin verin.',
  CAMERA_POLICY: 'Bu sayfa kamerayı kullanamaz. Lütfen sahibine bildirin.',
  CAMERA_TIMEOUT: 'Tarayıcı yanıt alamadı. Bir dahaki sefere kameraya izin verin.',
  CAMERA_NONE: 'Kamera bulunamadı. Bir kamera bağlayın veya telefon kullanın.',
  CAMERA_IN_USE:
    'Kamera başka yerde kullanılıyor olabilir. Onu kullanan uygulama ve sekmeleri kapatın.',
  CAMERA_BELOW_MINIMUM: 'Bu kameranın görüntüsü çok küçük. Başka bir kamera veya telefon kullanın.',
  CAMERA_LOST: 'Kameranın bağlantısı kesildi. Yeniden bağlayın.',
  CAMERA_FROZEN:
    'Kamera görüntü göndermeyi kesti. Yeniden bağlayın veya diğer uygulamaları kapatın.',

  ENV_UNSUPPORTED: TOO_OLD,
  ENV_INSECURE_CONTEXT: 'Kontrol güvenli bir sayfa ister. Bu sayfayı https:// ile açın.',
  ENV_FETCH: 'Kontrolün bir parçası yüklenemedi. Bağlantınıza bakın.',
  ENV_INTEGRITY:
    'Kontrolün bir parçası bozuk geldi. Sayfayı yenileyin; yine olursa sahibine bildirin.',
  ENV_CANVAS_BLOCKED:
    'Bu tarayıcı görüntüyü gizliyor. Canvas verisine izin verin veya başka birini kullanın.',
  ENV_CSP_BLOCKED: NOT_SET_UP,
  ENV_MODULE_MISSING: NOT_SET_UP,
  ENV_MODULE_BAD: TOO_OLD,
  ENV_WORKER_FAILED: 'Kontrolün bir parçası başlatılamadı. Bağlantınıza bakın.',
  ENV_WORKER_DEAD: RELOAD,
  ENV_CRASHED: RELOAD,
  ENV_UNWRITABLE: RELOAD,
  ENV_TIMEOUT: 'Bu cihaz çok meşgul. Önce diğer sekmeleri ve uygulamaları kapatın.',
  ENV_OOM: TOO_LITTLE_MEMORY,
  NO_MEMORY: TOO_LITTLE_MEMORY,
  BAD_ARGUMENT: NOT_SET_UP,
  API_CLOSED: RELOAD,
  API_BUSY: 'Başka bir kontrol sürüyor. Bitmesini bekleyin.',
  FRAME: 'Bu kameranın görüntüleri okunamıyor. Başka bir kamera veya tarayıcı kullanın.',
  WEIGHTS: NOT_SET_UP,
});
