// SPDX-License-Identifier: GPL-3.0-or-later
// Copyright The Troupe authors

// Says what a thread sees of its surroundings, and what a thread that it makes itself sees.
'use strict';

const {
  Worker, getEnvironmentData, isMainThread, parentPort, threadId, workerData, MessagePort,
} = require('worker_threads');

function look() {
  let chdir = null;

  try {
    process.chdir('/');
  } catch (error) {
    chdir = error.code;
  }
  return {
    isMainThread,
    hasThreadId: threadId > 0,
    workerData,
    argv: process.argv.slice(2),
    isFile: process.argv[1] === __filename,
    isMain: require.main === module,
    execArgv: process.execArgv,
    set: process.env.TROUPE_TEST_SET ?? null,
    channel: Object.keys(process.env).filter((name) => /^NODE_(CHANNEL|UNIQUE)/.test(name)),
    send: typeof process.send,
    connected: process.connected ?? null,
    chdir,
    isPort: parentPort instanceof MessagePort,
    keys: Object.keys(parentPort).length,
    given: getEnvironmentData('troupe.thread') ?? null,
    cache: Object.keys(require.cache).filter((file) => file !== __filename),
    listeners: process.eventNames().filter((name) => ['uncaughtException', 'message', 'beforeExit'].includes(name)),
    handles: process.stdin.constructor.name,
  };
}

process.env.TROUPE_TEST_SET_INSIDE = '1';
if (process.argv[2] === 'nested') {
  parentPort.postMessage(look());
} else {
  parentPort.postMessage(look());
  new Worker(__filename, { workerData: 'inner', argv: ['nested'] }).on('message', (message) => {
    console.log('from the nested thread');
    parentPort.postMessage(message);
  });
}
