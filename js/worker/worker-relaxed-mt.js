// SPDX-License-Identifier: MIT
// The worker of a page, with threads. The core must not start them itself: a file that names itself
// as a worker hangs Turbopack, hence core <- pthread <- worker, without a circle. By the start of
// its name the core knows a thread; by all of it webpack tells the files of two builds apart.
import createModule from '../../dist/core-relaxed-mt.js';
import { serve } from './worker.js';

serve(createModule, () => new Worker(
  new URL('./pthread-relaxed-mt.js', import.meta.url),
  { type: 'module', name: 'em-pthread-relaxed' },
));
