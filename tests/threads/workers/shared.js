// SPDX-License-Identifier: GPL-3.0-or-later
// Copyright The Troupe authors

// Counts in the block that all threads share, and shows its environment.
'use strict';

const { getEnvironmentData, parentPort } = require('worker_threads');

const shared = getEnvironmentData('troupe.shared');

parentPort.on('message', (message) => {
  if (message.count !== undefined) {
    for (let i = 0; i < message.count; i++)
      Atomics.add(new Int32Array(shared), 0, 1);
    parentPort.postMessage(Atomics.load(new Int32Array(shared), 0));
  } else if (message.set !== undefined) {
    process.env[message.set] = 'set';
    parentPort.postMessage('set');
  } else {
    parentPort.postMessage(process.env[message.get] ?? null);
  }
});
