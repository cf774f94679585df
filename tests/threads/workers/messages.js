// SPDX-License-Identifier: GPL-3.0-or-later
// Copyright The Troupe authors

// Sends and receives in the way that its argument says.
'use strict';

const { MessageChannel, parentPort, receiveMessageOnPort, MessagePort } = require('worker_threads');

const [mode, ...numbers] = process.argv.slice(2);
const [count, size] = numbers.map(Number);

const modes = {
  // Receives COUNT, sends COUNT, in order.
  many() {
    let received = 0;

    parentPort.on('message', (message) => {
      if (message.n !== received++)
        throw new Error(`${message.n} came as number ${received}`);
      if (received < count)
        return;
      for (let n = 0; n < count; n++)
        parentPort.postMessage({ n });
    });
  },
  // Sends COUNT of SIZE and ends at once.
  leave() {
    for (let n = 0; n < count; n++)
      parentPort.postMessage({ n, fill: 'x'.repeat(size) });
    process.exit(3);
  },
  // Sends what cannot be sent.
  strange() {
    const circle = {};
    const thrown = [];

    circle.circle = circle;
    for (const value of [() => {}, Symbol('s'), { inner: { f() {} } }]) {
      try {
        parentPort.postMessage(value);
      } catch (error) {
        thrown.push(error.name);
      }
    }
    try {
      parentPort.postMessage();
    } catch (error) {
      thrown.push(error.code);
    }
    parentPort.postMessage(circle);
    parentPort.postMessage(10n);
    parentPort.postMessage({ cmd: 'NODE_OWN' });
    parentPort.postMessage({ cmd: 'NODE_' });
    parentPort.postMessage(undefined);
    parentPort.postMessage(new Date(0));
    parentPort.postMessage(new Map([[1, 2]]));
    parentPort.postMessage(new (class { constructor() { this.a = 1; } get b() { return 2; } })());
    parentPort.postMessage({ toJSON: 1, nan: NaN, u: undefined, big: '\ud800 ' });
    const buffer = new Uint8Array([1, 2]);
    parentPort.postMessage({ buffer }, [buffer.buffer]);
    parentPort.postMessage(buffer.length);
    const { port1 } = new MessageChannel();
    parentPort.postMessage({ port1 }, { transfer: [port1] });
    parentPort.postMessage(thrown);
    MessagePort.prototype.postMessage.call(parentPort, 'around');
    parentPort.on('message', () => {});
  },
  long() {
    parentPort.postMessage('x'.repeat(count));
    parentPort.postMessage('short');
  },
  // Never comes back to its event loop.
  sync() {
    let received;

    for (let i = 0; i < count; i++) {
      do {
        received = receiveMessageOnPort(parentPort);
      } while (received === undefined);
      parentPort.postMessage(received.message);
    }
    for (;;);
  },
  // Answers all that waits, each at once, then never comes back.
  busy() {
    parentPort.on('message', (message) => {
      parentPort.postMessage(message);
      while (message === 'last');
    });
  },
  // Takes nothing until its standard input says so.
  deaf() {
    let received = 0;

    process.stdin.once('data', () => {
      parentPort.on('message', (message) => {
        if (message.n !== received++)
          throw new Error(`${message.n} came as number ${received}`);
        if (received === Number(message.of))
          parentPort.postMessage('all');
      });
    });
  },
  closes() {
    parentPort.postMessage('last words');
    parentPort.on('close', () => console.log('closed'));
    parentPort.close();
    process.stdin.resume(); // lives on
  },
  disconnected() {
    parentPort.on('message', (message) => console.log(message));
    parentPort.on('close', () => console.log('closed'));
  },
  takesOne() {
    parentPort.once('message', (message) => parentPort.postMessage(message));
  },
};

modes[mode]();
