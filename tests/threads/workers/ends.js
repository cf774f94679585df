// SPDX-License-Identifier: GPL-3.0-or-later
// Copyright The Troupe authors

// Ends in the way that its argument says.
'use strict';

const { parentPort } = require('worker_threads');

const ends = {
  throw() {
    const error = new TypeError('no\nway', { cause: new Error('the cause') });

    error.code = 'ERR_TEST';
    throw error;
  },
  value() {
    throw { not: 'an error' };
  },
  nothing() {
    throw undefined;
  },
  reject() {
    Promise.reject(new RangeError('rejected'));
  },
  later() {
    setTimeout(() => {
      throw new Error('later');
    }, 1);
  },
  exit() {
    process.exit(7);
  },
  exitCode() {
    process.exitCode = 9;
  },
  return() {},
  loop() {
    parentPort.postMessage('looping');
    for (;;);
  },
  wait() {
    parentPort.postMessage('waiting');
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
  },
  listen() {
    parentPort.on('message', () => {});
    parentPort.postMessage('listening');
  },
  heap() {
    const kept = [];

    for (;;)
      kept.push(new Array(1000).fill(kept.length));
  },
  stack() {
    const descend = () => descend() + 1;

    descend();
  },
};

ends[process.argv[2]]();
