// SPDX-License-Identifier: MIT
// The worker of a page, one thread. One file a build, each with static imports alone: that is what
// every bundler understands.
import createModule from '../../dist/core-simd.js';
import { serve } from './worker.js';

serve(createModule);
