// SPDX-License-Identifier: GPL-3.0-or-later
// Copyright The Troupe authors

// Runs in each worker thread before its script (`-r` in execArgv) and then leaves no trace that a
// script would stumble over. It
//
// - says which thread of the operating system this is;
// - lets process.stdout and process.stderr write straight to the thread's own sockets. So
//   output is out when the call returns, also of a thread that never comes back to its event loop, is
//   terminated or runs out of memory;
// - gives the script a parentPort whose other end is here, in the same thread, between it and the thread's own
//   socket. So messages do not pass the main thread of the host, and no thread has to wait for another. It is
//   one of Node's own ports: listeners, ref () and unref (), transfers and receiveMessageOnPort () are Node's.
//
// Threads that the script itself makes inherit `-r`, find nothing under the key and are left as they are.

'use strict';

const { readlinkSync } = require('fs');
const { dirname } = require('path');
const workerThreads = require('worker_threads');

const control = require('./control-block.js');
const { writeSome } = require('./outbox.js');
const { Receiver } = require('./thread-receiver.js');
const { Sender } = require('./thread-sender.js');

const { MessageChannel, MessagePort } = workerThreads;
const HYBRID_DISPATCH = Symbol.for('nodejs.internal.kHybridDispatch');

// An own property that nobody enumerates, as Node's own methods.
function override(object, name, value) {
  Object.defineProperty(object, name, {
    __proto__: null, value, writable: true, configurable: true, enumerable: false,
  });
}

function vanish() {
  const index = process.execArgv.lastIndexOf(__filename);

  if (index > 0 && process.execArgv[index - 1] === '-r')
    process.execArgv.splice(index - 1, 2);
  for (const file of Object.keys(require.cache)) {
    if (dirname(file) === __dirname)
      delete require.cache[file];
  }
}

function tellThreadId(words) {
  try {
    words[control.TID] = Number(readlinkSync('/proc/thread-self').split('/').pop());
  } catch {
    // No /proc, or no permission: unknown.
  }
}

// --- Output --------------------------------------------------------------------

// Waits as a write to a full pipe waits, but so that the thread can still be terminated.
function writeAll(fd, buffer, sleep) {
  let offset = 0;
  let msec = 0.1;

  while (offset < buffer.length) {
    const n = writeSome(fd, buffer, offset, buffer.length - offset);

    if (n < 0)
      return;
    offset += n;
    if (n > 0) {
      msec = 0.1;
    } else {
      Atomics.wait(sleep, 0, 0, msec);
      msec = Math.min(msec * 2, 10);
    }
  }
}

function takeOverStream(stream, fd) {
  const sleep = new Int32Array(new SharedArrayBuffer(4));
  const toBuffer = (chunk, encoding) => (typeof chunk === 'string' ? Buffer.from(chunk, encoding) : chunk);

  override(stream, '_write', (chunk, encoding, callback) => {
    writeAll(fd, toBuffer(chunk, encoding), sleep);
    callback();
  });
  override(stream, '_writev', (chunks, callback) => {
    writeAll(fd, Buffer.concat(chunks.map(({ chunk, encoding }) => toBuffer(chunk, encoding))), sleep);
    callback();
  });
}

// --- Messages --------------------------------------------------------------------

// Ports of links, by their number, from when the script gets them until they are closed.
class Links {
  constructor() {
    this.ports = new Map();
    this.revoked = new Set();
  }

  see(message) {
    if (typeof message !== 'object' || message === null || message.type !== 'troupe:link')
      return;

    const { link, port } = message;

    if (!(port instanceof MessagePort))
      return;
    if (this.revoked.delete(link)) {
      port.close();
      return;
    }
    this.ports.set(link, port);
    port.once('close', () => this.ports.delete(link));
  }

  close(link) {
    const port = this.ports.get(link);

    if (port === undefined)
      this.revoked.add(link);
    else
      port.close();
  }
}

function sendThrough(parentPort, sender, receiver) {
  const original = parentPort.postMessage;

  override(parentPort, 'postMessage', function postMessage(value, transfer) {
    if (arguments.length === 0)
      original.call(this); // throws
    // While messages wait, their answers are likely to follow each other.
    sender.post(value, transfer, receiver.length > 0);
  });
}

// What the script takes shows only in how Node hands it out: its dispatcher, found under a registered
// symbol, and receiveMessageOnPort. Where that is not to be found, it stays unknown.
function watchTaken(parentPort, receiver, sender, links) {
  const dispatch = parentPort[HYBRID_DISPATCH];
  const receive = workerThreads.receiveMessageOnPort;

  function taken(message) {
    receiver.taken();
    links.see(message);
  }

  receiver.counts = typeof dispatch === 'function';
  sender.words[control.COUNTS] = receiver.counts ? 1 : 2;
  if (receiver.counts) {
    override(parentPort, HYBRID_DISPATCH, function (data, type, event) {
      if (type === 'message' || type === 'messageerror')
        taken(data);
      try {
        return dispatch.call(this, data, type, event);
      } finally {
        if (receiver.length === 0)
          sender.flush();
      }
    });
  }
  workerThreads.receiveMessageOnPort = function receiveMessageOnPort(port) {
    let message = receive(port);

    if (port !== parentPort)
      return message;
    if (message === undefined) {
      receiver.readNow();
      message = receive(port);
    }
    if (message !== undefined)
      taken(message.message);
    return message;
  };
}

// --- What the main thread asks -----------------------------------------------------

function tellHeap(figures) {
  const { used_heap_size: used, total_heap_size: total } = require('v8').getHeapStatistics();

  figures[control.HEAP_USED] = used;
  figures[control.HEAP_TOTAL] = total;
}

function listen(port, receiver, links, figures) {
  port.on('message', (request) => {
    if (request.heap)
      tellHeap(figures);
    else if (request.link !== undefined)
      receiver.add(0, request.link, [request.link.port]);
    else if (request.unlink !== undefined)
      request.unlink.forEach((link) => links.close(link));
  });
  port.unref();
}

function setUpMessages({ block, fds, port }, figures) {
  const { port1: parentPort, port2: ourPort } = new MessageChannel();
  const links = new Links();
  const sender = new Sender(fds[3], block, port);
  const receiver = new Receiver(fds[4], ourPort, figures, (message) => sender.fault(message));

  sendThrough(parentPort, sender, receiver);
  watchTaken(parentPort, receiver, sender, links);
  // Of a script that knows a way around its own postMessage.
  ourPort.on('message', (message) => sender.post(message, undefined, false));
  ourPort.once('close', () => {
    receiver.close();
    sender.close();
    port.postMessage({ closed: true });
  });
  ourPort.unref();
  listen(port, receiver, links, figures);
  workerThreads.parentPort = parentPort;
  require('module').syncBuiltinESMExports();
}

function setUp() {
  const given = workerThreads.getEnvironmentData(control.KEY);

  if (given !== undefined) {
    const { words, figures } = control.viewsOf(given.block);

    workerThreads.setEnvironmentData(control.KEY, undefined);
    tellThreadId(words);
    takeOverStream(process.stdout, given.fds[1]);
    takeOverStream(process.stderr, given.fds[2]);
    setUpMessages(given, figures);
  }
  vanish();
}

setUp();
