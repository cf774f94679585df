// SPDX-License-Identifier: GPL-3.0-or-later
// Copyright The Troupe authors

// Sends what it is told over the links that it was given, and tells what came over them.
'use strict';

const { parentPort } = require('worker_threads');

const ports = new Map();

function listen() {
  parentPort.on('message', (message) => {
    if (message.type === 'troupe:link') {
      ports.set(message.name, message.port);
      message.port.on('message', (text) => parentPort.postMessage({ from: message.name, text }));
      message.port.on('close', () => parentPort.postMessage({ closed: message.name }));
      parentPort.postMessage({ linked: message.name });
    } else {
      ports.get(message.to).postMessage(message.text);
    }
  });
}

if (process.argv[2] === 'late')
  process.stdin.once('data', listen);
else
  listen();
