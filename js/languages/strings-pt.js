// SPDX-License-Identifier: MIT
// @ts-check
// What <liveness-check> says in Portuguese; js/page/strings.js has the keys.

const NOT_SET_UP = 'Esta página não está bem configurada. Avise o responsável.';
const TOO_OLD = 'Este navegador é antigo demais. Atualize-o ou use outro.';
const TOO_LITTLE_MEMORY = 'Há pouca memória livre. Feche outras abas e aplicativos.';
const RELOAD = 'Algo deu errado. Se acontecer de novo, recarregue a página.';

export default Object.freeze({
  label: 'Verificação do rosto',
  start: 'Começar',
  retry: 'Tentar de novo',
  cancel: 'Cancelar',
  note: 'O vídeo fica neste dispositivo.',
  code: 'Código: {code}',
  camera: 'Câmera',
  attempt: 'Tentativa {attempt} de {attempts}',
  exhausted: 'Não restam tentativas. Escolha outro caminho, por favor.',

  idle: 'Uma olhada rápida no seu rosto',
  'idle.detail': 'Olhe para a câmera. Leva poucos segundos.',
  starting: 'Iniciando a câmera',
  'starting.detail': 'Se o navegador perguntar, permita.',
  loading: 'Preparando',
  'loading.detail': 'Coloque o rosto dentro da moldura oval.',
  live: 'Pronto',
  'live.detail': 'A verificação deu certo.',
  spoof: 'Não deu certo',
  'spoof.detail': 'Fique de frente para a luz, com a câmera na altura dos olhos, e olhe para ela.',
  undecided: 'Ainda não deu certo',
  'undecided.detail': 'Fique de frente para a luz e pare um momento.',
  error: 'A verificação não pode ser feita',
  'error.detail': RELOAD,
  'error.camera': 'Sem imagem da câmera',

  ok: 'Não se mexa',
  no_face: 'Coloque o rosto na moldura',
  multiple_faces: 'Só um rosto, por favor',
  too_dark: 'Procure mais luz',
  too_bright: 'Afaste-se da luz forte',
  low_contrast: 'Vire o rosto para a luz',
  move_closer: 'Chegue mais perto',
  move_back: 'Afaste-se um pouco',
  center_face: 'Vá para o meio',
  hold_upright: 'Mantenha a cabeça e o aparelho direitos',
  look_straight: 'Olhe para a frente',
  hold_still: 'Não se mexa',
  noisy: 'Procure mais luz',
  blurry: 'Limpe a lente e não se mexa',
  low_resolution: 'Chegue um pouco mais perto',
  low_frame_rate: 'Procure mais luz e não se mexa',
  frozen_frames: 'A imagem está parada',
  paused: 'A câmera está em pausa',
  'paused.detail':
    'Termine a chamada ou feche o aplicativo que a usa; depois a verificação continua.',

  'undecided.clip_short': 'Terminou cedo demais. Não se mexa até o anel ficar cheio.',
  'undecided.no_face': 'Nenhum rosto foi visto. Coloque o seu na moldura oval.',
  'undecided.multiple_faces': 'Havia mais de um rosto. Só um pode estar na imagem.',
  'undecided.face_small': 'O rosto estava longe demais. Chegue mais perto.',
  'undecided.face_moved': 'Houve movimento demais. Pare um momento.',
  'undecided.frame_gap': 'O vídeo travou. Feche antes outras abas e aplicativos.',
  'undecided.format_changed': 'A câmera mudou. Mantenha o dispositivo como está.',
  'undecided.too_dark': 'Estava escuro demais. Procure mais luz.',
  'undecided.too_bright': 'Estava claro demais. Afaste-se da luz à frente ou atrás de você.',
  'undecided.low_contrast': 'A imagem estava pálida. Vire o rosto para a luz.',
  'undecided.roll': 'A cabeça ou o aparelho estava de lado. Mantenha os dois direitos.',
  'undecided.noisy': 'A imagem tinha ruído demais. Procure mais luz.',
  'undecided.blurry': 'A imagem não estava nítida. Limpe a lente e não se mexa.',
  'undecided.frozen_frames': 'A imagem parou. Inicie a câmera de novo.',
  'undecided.scene_changed': 'A imagem mudou de um momento para o outro. Fique à vista.',
  'undecided.flat_motion': 'Nada se moveu como uma pessoa. Vire um pouco a cabeça.',
  'undecided.repeated_frames': 'As mesmas imagens voltaram. Reinicie a câmera.',
  'undecided.low_frame_rate': 'A câmera estava lenta. Procure mais luz, feche outros aplicativos.',
  'undecided.untrained_model': 'Esta página não tem um modelo treinado e não pode decidir nada.',
  'undecided.timeout': 'O tempo acabou. Coloque o rosto na moldura e não se mexa.',
  'undecided.page_hidden': 'A página ficou em segundo plano. Deixe-a aberta até o fim.',
  'undecided.camera_muted': 'A câmera estava em pausa. Ligue-a de novo.',

  CAMERA_INSECURE_CONTEXT:
    'A câmera só funciona em páginas seguras. Abra esta página com https://.',
  CAMERA_UNSUPPORTED: 'Este navegador não dá câmera à página. Abra-a em outro.',
  CAMERA_DENIED:
    'A câmera está bloqueada. Permita-a ao lado do endereço da página ou nos ajustes ' +
    'do dispositivo.',
  'CAMERA_DENIED.again': 'A câmera não foi permitida. Tente de novo e permita.',
  CAMERA_POLICY: 'Esta página não pode usar a câmera. Avise o responsável.',
  CAMERA_TIMEOUT: 'O navegador ficou sem resposta. Permita a câmera da próxima vez.',
  CAMERA_NONE: 'Nenhuma câmera encontrada. Conecte uma ou use um telefone.',
  CAMERA_IN_USE: 'A câmera talvez esteja em uso. Feche outros aplicativos e abas que a usam.',
  CAMERA_BELOW_MINIMUM: 'A imagem desta câmera é pequena demais. Use outra ou um telefone.',
  CAMERA_LOST: 'A câmera foi desconectada. Conecte-a de novo.',
  CAMERA_FROZEN: 'A câmera parou de enviar imagens. Conecte-a de novo ou feche outros aplicativos.',

  ENV_UNSUPPORTED: TOO_OLD,
  ENV_INSECURE_CONTEXT: 'A verificação exige uma página segura. Abra esta página com https://.',
  ENV_FETCH: 'Uma parte da verificação não pôde ser carregada. Veja sua conexão.',
  ENV_INTEGRITY:
    'Uma parte da verificação chegou danificada. Recarregue a página; se repetir, ' +
    'avise o responsável.',
  ENV_CANVAS_BLOCKED:
    'Este navegador esconde a imagem. Permita os dados de canvas ou use outro navegador.',
  ENV_CSP_BLOCKED: NOT_SET_UP,
  ENV_MODULE_BAD: TOO_OLD,
  ENV_WORKER_FAILED: 'Uma parte da verificação não pôde ser iniciada. Veja sua conexão.',
  ENV_WORKER_DEAD: RELOAD,
  ENV_CRASHED: RELOAD,
  ENV_TIMEOUT: 'O dispositivo está ocupado demais. Feche antes outras abas e aplicativos.',
  ENV_OOM: TOO_LITTLE_MEMORY,
  NO_MEMORY: TOO_LITTLE_MEMORY,
  BAD_ARGUMENT: NOT_SET_UP,
  API_CLOSED: RELOAD,
  API_BUSY: 'Outra verificação está em curso. Espere que termine.',
  FRAME: 'As imagens desta câmera não podem ser lidas. Use outra câmera ou outro navegador.',
  WEIGHTS: NOT_SET_UP,
});
