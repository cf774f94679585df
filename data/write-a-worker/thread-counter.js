// SPDX-License-Identifier: MIT-0
// Worker threads that share memory: each adds to one common sum and to a slot of its own. The block comes from
// `shared-memory=` and is the same for all threads of the program:
//
//   Int32 0        how many additions there were, by all threads
//   Int32 1 to 14  how many the threads made that have this slot
//   Int32 15       hands out the slots
'use strict';
const { getEnvironmentData, parentPort, workerData } = require('node:worker_threads');

const shared = getEnvironmentData('troupe.shared');
if (shared === undefined) throw new Error('start me with shared memory: shared-memory=64 in the project file');

const words = new Int32Array(shared);
const slot = Atomics.add(words, 15, 1) % 14 + 1;

for (let i = 0; i < (workerData?.additions ?? 1000); i++) {
  Atomics.add(words, 0, 1); // a plain words[0]++ would lose some
  Atomics.add(words, slot, 1);
}
parentPort.postMessage({ slot, mine: Atomics.load(words, slot), all: Atomics.load(words, 0) });
