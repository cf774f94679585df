// SPDX-License-Identifier: GPL-3.0-or-later
// Copyright The Troupe authors

// Computes for as long as it is told to, then answers.
'use strict';

const { parentPort, threadId } = require('worker_threads');

parentPort.on('message', (msec) => {
  const end = process.hrtime.bigint() + BigInt(msec) * 1000000n;

  while (process.hrtime.bigint() < end);
  parentPort.postMessage(threadId);
});
