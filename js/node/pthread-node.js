// SPDX-License-Identifier: MIT
// A further thread in Node: argv names the core; it sees by workerData what it is to be.
import { createRequire } from 'node:module';

const { default: createModule } = await import(process.argv[2]);
createModule({ createRequire });
