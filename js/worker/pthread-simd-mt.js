// SPDX-License-Identifier: MIT
// A further thread of worker-simd-mt.js: the core sees by the worker's name what it is to be.
import createModule from '../../dist/core-simd-mt.js';

createModule();
