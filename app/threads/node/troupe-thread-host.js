// SPDX-License-Identifier: GPL-3.0-or-later
// Copyright The Troupe authors

// The process in which the threads of a program run when its module is one for Node. Troupe's engine
// starts it with a channel (NODE_CHANNEL_FD) and speaks the protocol of app/threads/thread-host.h. It
// makes real worker threads of unmodified modules and does as little as possible itself:
// its main thread carries and never computes.

'use strict';

const { MessageChannel, setEnvironmentData } = require('worker_threads');

const { SHARED_KEY } = require('./control-block.js');
const { Thread } = require('./thread.js');

const PROTOCOL_VERSION = 1;
// Input, output, error, and the channel twice: for its thread and for us.
const STDIO_COUNT = 5;
// As in thread-host.h.
const THREADS_MAX = 512;
const PEEK_MAX = 64 * 1024;
// The time that threads have to tell of their heap.
const HEAP_MSEC = 10;
// Lines that may wait for an engine that does not read. More than that are only dropped where
// they come without end; what must be told is bounded by the number of threads.
const LINES_MAX = 10000;

const threads = new Map(); // ID → Thread
const sockets = new Map(); // ID → its handles, before "create"
let shared = null;
let sharedProblem = null;
let waitingLines = 0;
let lastLink = 0;

function tell(line) {
  if (line[0] === 'fault' && waitingLines >= LINES_MAX)
    return;
  waitingLines++;
  process.send(line, () => {
    waitingLines--;
  });
}

function closeSockets(id) {
  for (const handle of sockets.get(id) ?? [])
    handle?.close();
  sockets.delete(id);
}

function refuse(id, reason) {
  closeSockets(id);
  tell(['exit', id, { code: 1, reason }]);
}

function linkProblem(a, b) {
  if (a === b)
    return 'A thread cannot be linked with itself';
  if (!threads.get(a)?.worker || !threads.get(b)?.worker)
    return 'One of the two threads has ended';
  return null;
}

const orders = {
  shared(bytes) {
    if (shared !== null || threads.size > 0)
      return;
    try {
      shared = new SharedArrayBuffer(bytes);
      setEnvironmentData(SHARED_KEY, shared);
    } catch (error) {
      sharedProblem = `There is no shared memory of ${bytes} bytes: ${error.message}`;
    }
  },

  stdio(id, n, handle) {
    const handles = sockets.get(id) ?? new Array(STDIO_COUNT).fill(null);

    if (!handle || !(n in handles))
      return;
    handles[n]?.close();
    handles[n] = handle;
    sockets.set(id, handles);
  },

  create(id, options) {
    const handles = sockets.get(id);

    if (threads.has(id))
      return;
    if (handles === undefined || handles.includes(null))
      return refuse(id, 'The thread could not be created: its sockets did not arrive');
    if (threads.size >= THREADS_MAX)
      return refuse(id, `The thread could not be created: there are ${THREADS_MAX} already`);
    if (sharedProblem !== null)
      return refuse(id, sharedProblem);
    sockets.delete(id);

    const thread = new Thread(id, options, handles, tell, () => threads.delete(id));

    if (thread.worker !== null)
      threads.set(id, thread);
  },

  stop(id) {
    orders.terminate(id);
  },

  terminate(id) {
    threads.get(id)?.terminate();
    closeSockets(id);
  },

  link(a, b, nameA, nameB) {
    const problem = linkProblem(a, b);

    if (problem !== null)
      return tell(['link-failed', a, b, { message: problem }]);

    const { port1, port2 } = new MessageChannel();

    lastLink++;
    threads.get(a).link(b, nameB, lastLink, port1);
    threads.get(b).link(a, nameA, lastLink, port2);
    tell(['linked', a, b]);
  },

  unlink(a, b) {
    const ends = [threads.get(a)?.unlink(b), threads.get(b)?.unlink(a)];

    // One closed end closes the other; where both threads have ended there is nothing left of it.
    if (ends.includes(true) || (!threads.get(a)?.worker && !threads.get(b)?.worker))
      tell(['unlinked', a, b]);
    else
      tell(['link-failed', a, b, { message: 'This version of Node.js does not let a link be closed from outside' }]);
  },

  // Threads that are not busy have told of their heap by then.
  stat(request) {
    for (const thread of threads.values())
      thread.askHeap();
    setTimeout(() => tell(['stat', request, [...threads.values()].map((thread) => thread.figures())]), HEAP_MSEC);
  },

  peek(request, offset, length) {
    const start = Math.min(offset, shared?.byteLength ?? 0);
    const count = Math.min(length, PEEK_MAX, (shared?.byteLength ?? 0) - start);
    const data = shared === null ? '' : Buffer.from(shared, start, count).toString('base64');

    tell(['peeked', request, { offset, data }]);
  },

  list() {
    for (const id of [...sockets.keys()])
      closeSockets(id);
    tell(['list', [...threads.values()].map(({ id, tid }) => (tid > 0 ? { id, tid } : { id }))]);
  },

  exit(code) {
    process.exit(code);
  },
};

function main() {
  if (process.send === undefined) {
    console.error('troupe-thread-host.js runs the worker threads of a program; Troupe starts it, with a channel.');
    process.exit(2);
  }
  process.on('message', ([order, ...rest], handle) => orders[order]?.(...rest, handle));
  process.on('disconnect', () => process.exit(0));
  tell(['ready', { version: PROTOCOL_VERSION, runtime: `node ${process.versions.node}`, pid: process.pid }]);
}

main();
