// SPDX-License-Identifier: GPL-3.0-or-later
// Copyright The Troupe authors
// The thread of bench-threads, in a thread or as a forked process: says hello, then echoes every message.
'use strict';
const { isMainThread, parentPort } = require('node:worker_threads');

if (isMainThread) {
  process.on('message', (message) => process.send(message));
  process.send('hello');
} else {
  parentPort.on('message', (message) => parentPort.postMessage(message));
  parentPort.postMessage('hello');
}
