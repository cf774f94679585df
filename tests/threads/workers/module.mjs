// SPDX-License-Identifier: GPL-3.0-or-later
// Copyright The Troupe authors

// An ES module: named imports, top-level await, import.meta.
import { createRequire } from 'node:module';
import { setTimeout as wait } from 'node:timers/promises';
import { isMainThread, parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads';

const required = createRequire(import.meta.url)('worker_threads');

await wait(1);
parentPort.postMessage({
  isMainThread,
  workerData,
  url: import.meta.url.split('/').pop(),
  same: required.parentPort === parentPort && required.receiveMessageOnPort === receiveMessageOnPort,
});
parentPort.once('message', (message) => parentPort.postMessage([message]));
