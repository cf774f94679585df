// SPDX-License-Identifier: GPL-3.0-or-later
// Copyright The Troupe authors

// One worker thread as the host's main thread sees it: a real Worker, its sockets, and what is told about
// it. The thread reads and writes its sockets itself (troupe-thread-preload.js). Here is what cannot
// be done there: feeding standard input, waiting for a socket that is full, and closing
// everything in the right order when the thread has ended.

'use strict';

const fs = require('fs');
const net = require('net');
const path = require('path');
const util = require('util');
const {
  MessageChannel, SHARE_ENV, Worker, receiveMessageOnPort, setEnvironmentData,
} = require('worker_threads');

const control = require('./control-block.js');
const { Outbox } = require('./outbox.js');

const PRELOAD = path.join(__dirname, 'troupe-thread-preload.js');
// What Node's channel leaves to a child it starts, and no thread should believe is for it.
const CHANNEL_VARIABLES = ['NODE_CHANNEL_FD', 'NODE_CHANNEL_SERIALIZATION_MODE', 'NODE_UNIQUE_ID'];
const INPUT = 0;
const OUTPUTS = { stdout: 1, stderr: 2 };
const CHANNEL = 3;
// The thread's own descriptor of its channel. The thread closes it, or its end does.
const OWN_CHANNEL = 4;

// As Node prints an uncaught error. What was thrown need not be an Error.
function describeError(error) {
  if (!util.types.isNativeError(error) && !(error instanceof Error))
    return { message: util.inspect(error) };

  const described = { name: String(error.name), message: String(error.message), stack: util.inspect(error) };

  if (typeof error.code === 'string')
    described.code = error.code;
  return described;
}

// Without flags of its own a thread gets those of the host, as it would by itself; but Node refuses
// some of them when they are named (those that concern the whole process).
function makeWorker(options, transferList) {
  const own = options.exec_argv?.length > 0;
  const env = options.env === null ? SHARE_ENV : { ...options.env };
  let flags = own ? options.exec_argv : process.execArgv;

  if (env !== SHARE_ENV) {
    for (const name of CHANNEL_VARIABLES)
      delete env[name];
  }
  for (;;) {
    try {
      return new Worker(options.file, {
        argv: options.argv ?? [],
        env,
        execArgv: [...flags, '-r', PRELOAD],
        name: options.name,
        resourceLimits: options.resource_limits ?? undefined,
        stderr: true,
        stdin: true,
        stdout: true,
        transferList,
        workerData: options.worker_data,
      });
    } catch (error) {
      if (error.code !== 'ERR_WORKER_INVALID_EXEC_ARGV' || own || flags.length === 0)
        throw error;

      const refused = new Set(error.message.split(': ').pop().split(', '));
      const left = flags.filter((flag) => !refused.has(flag));

      flags = left.length < flags.length ? left : [];
    }
  }
}

// What the descriptor is, whatever number it has; null when it is closed.
function inodeOf(fd) {
  try {
    return fs.fstatSync(fd).ino;
  } catch {
    return null;
  }
}

exports.Thread = class Thread {
  // HANDLES: as they came from the engine. TELL: takes one line for the engine. ENDED is called when all is
  // over and told, from the constructor already when there is no thread.
  constructor(id, options, handles, tell, ended) {
    this.id = id;
    this.handles = handles; // null where a socket has taken over
    this.channelInode = inodeOf(handles[OWN_CHANNEL].fd);
    this.tell = tell;
    this.ended = ended;
    this.limits = options.resource_limits;
    this.worker = null; // while it runs
    this.terminating = false;
    this.code = 1;
    this.reason = null;
    this.openEnds = 0; // of output, error and channel
    this.lostTold = 0;
    this.links = []; // of { peer, number }
    this.heap = null;
    this.heapAsked = false;
    this.lastUtilization = undefined;

    const block = new SharedArrayBuffer(control.BLOCK_BYTES);

    ({ words: this.words, figures: this.reported } = control.viewsOf(block));
    this.outbox = new Outbox(handles[CHANNEL].fd, block, (rest) => this.writeRest(rest));
    // A socket that is full must make nobody wait but the one who writes.
    for (const handle of handles)
      handle.setBlocking(false);
    try {
      this.start(block, options);
    } catch (error) {
      for (const handle of handles)
        handle.close();
      this.reason = `The thread could not be created: ${error.message}`;
      this.end();
    }
  }

  get tid() {
    return Atomics.load(this.words, control.TID);
  }

  // --- The start ---------------------------------------------------------------

  start(block, options) {
    const { port1, port2 } = new MessageChannel();

    // The port goes with the environment data of this one thread, and with nothing its script looks at.
    setEnvironmentData(control.KEY, { block, port: port2, fds: this.handles.map((handle) => handle.fd) });
    try {
      this.worker = makeWorker(options, [port2]);
    } finally {
      setEnvironmentData(control.KEY, undefined);
      if (this.worker === null)
        port1.close();
    }
    this.port = port1;
    this.port.on('message', (message) => this.preloadSaid(message));
    this.port.unref();
    this.watchWorker();
    this.pumpInput();
    for (const [name, n] of Object.entries(OUTPUTS))
      this.watchOutput(n, this.worker[name]);
    this.openEnds++; // the channel
  }

  watchWorker() {
    const { worker } = this;

    worker.on('online', () => this.tell(['online', this.id, this.tid > 0 ? { tid: this.tid } : {}]));
    worker.on('error', (error) => {
      this.tell(['error', this.id, describeError(error)]);
      if (error?.code === 'ERR_WORKER_OUT_OF_MEMORY')
        this.reason = this.describeLimit();
    });
    worker.on('messageerror', (error) => this.fault(`A message could not be read: ${error.message}`));
    worker.on('exit', (code) => this.workerExited(code));
  }

  describeLimit() {
    const limits = Object.entries(this.limits ?? {}).map(([name, value]) => `${name}=${value}`).join(', ');

    return `It ran out of memory${limits === '' ? '' : ` (resource limits: ${limits})`}`;
  }

  fault(message) {
    this.tell(['fault', this.id, { message }]);
  }

  // --- Sockets -----------------------------------------------------------------

  socketOf(n, direction) {
    const socket = new net.Socket({ handle: this.handles[n], readable: false, writable: false, ...direction });

    this.handles[n] = null;
    // An end that is gone shows as "close"; there is nobody left to be told more.
    socket.on('error', () => {});
    return socket;
  }

  pumpInput() {
    const { stdin } = this.worker;

    this.input = this.socketOf(INPUT, { readable: true });
    stdin.on('error', () => {});
    this.input.pipe(stdin);
  }

  // What comes this way comes from a script that found Node's own way to write.
  watchOutput(n, stream) {
    this.openEnds++;
    stream.once('data', (chunk) => {
      const socket = this.socketOf(n, { writable: true });

      socket.once('close', () => this.closedEnd());
      socket.write(chunk);
      stream.pipe(socket);
    });
    stream.once('end', () => {
      if (this.handles[n] !== null)
        this.handles[n].close(() => this.closedEnd());
    });
  }

  // The thread gathers lines, and may get too busy to write them. Looks again until it has stopped.
  watchOutbox() {
    setTimeout(() => {
      if (this.worker === null)
        return;
      if (!this.outbox.isEmpty && this.outbox.tryLock()) {
        this.hearPreload();
        this.outbox.flush();
        this.outbox.unlock();
      }
      if (Atomics.compareExchange(this.words, control.WATCHED, 2, 1) === 2 || !this.outbox.isEmpty ||
          Atomics.compareExchange(this.words, control.WATCHED, 1, 0) !== 1)
        this.watchOutbox();
    }, control.WATCH_MSEC);
  }

  // Writes what the socket did not take, and is counted as pending.
  writeRest(bytes) {
    this.openChannel().write(bytes, () => {
      Atomics.sub(this.words, control.PENDING, bytes.length);
      Atomics.notify(this.words, control.PENDING);
      if (Atomics.load(this.words, control.PENDING) === 0)
        this.tellLost();
    });
  }

  openChannel() {
    if (this.channel === undefined) {
      this.channel = this.socketOf(CHANNEL, { writable: true });
      this.channel.once('close', () => this.closedEnd());
    }
    return this.channel;
  }

  tellLost() {
    const lost = Atomics.load(this.words, control.LOST);

    if (lost === this.lostTold)
      return;
    this.fault(`${lost - this.lostTold} messages are lost: nobody read, and ${control.PENDING_MAX} bytes waited`);
    this.lostTold = lost;
  }

  preloadSaid(message) {
    if (message.rest !== undefined)
      this.writeRest(message.rest);
    else if (message.watch)
      this.watchOutbox();
    else if (message.fault !== undefined)
      this.fault(message.fault);
    else if (message.closed)
      this.openChannel().end();
  }

  // What it has said by now.
  hearPreload() {
    let received;

    while ((received = receiveMessageOnPort(this.port)) !== undefined)
      this.preloadSaid(received.message);
  }

  // --- Links -------------------------------------------------------------------

  // The script finds this among its messages.
  link(peer, name, number, port) {
    this.links.push({ peer, number });
    this.port.postMessage({ link: { type: 'troupe:link', name, link: number, port } }, [port]);
  }

  // Closes every link to PEER at this end. The preload finds the ports as they are handed to the script; where
  // it cannot, there is no way to close them. Returns whether it can.
  unlink(peer) {
    if (this.worker === null || Atomics.load(this.words, control.COUNTS) === 2)
      return false;
    this.port.postMessage({ unlink: this.links.filter((link) => link.peer === peer).map(({ number }) => number) });
    this.links = this.links.filter((link) => link.peer !== peer);
    return true;
  }

  // --- The end -------------------------------------------------------------------

  terminate() {
    if (this.worker !== null) {
      this.terminating = true;
      this.worker.terminate();
    } else {
      // It has ended, and nobody reads what it left.
      this.channel?.destroy();
    }
  }

  workerExited(code) {
    this.code = code;
    if (this.terminating)
      this.reason ??= 'It was terminated';
    this.worker = null;
    this.hearPreload();
    // Whoever had the lock is gone.
    this.outbox.flush();
    this.port.close();
    this.input.destroy();
    this.closeOwnChannel();
    this.tellLost();
    if (this.channel === undefined)
      this.handles[CHANNEL].close(() => this.closedEnd());
    else
      this.channel.end();
  }

  // It is still open when the thread ended before its preload ran. Otherwise the number may be another's by
  // now, and all that stays behind is a handle of a few hundred bytes, which must not be closed.
  closeOwnChannel() {
    if (inodeOf(this.handles[OWN_CHANNEL].fd) === this.channelInode)
      this.handles[OWN_CHANNEL].close();
  }

  closedEnd() {
    if (--this.openEnds === 0)
      this.end();
  }

  end() {
    this.tell(['exit', this.id, this.reason === null ? { code: this.code } : { code: this.code, reason: this.reason }]);
    this.ended(this);
  }

  // --- Figures -------------------------------------------------------------------

  // What is known now.
  figures() {
    const { reported, tid, worker } = this;
    const figures = { id: this.id };

    if (tid > 0)
      figures.tid = tid;
    if (Atomics.load(this.words, control.COUNTS) === 1) {
      figures.taken = reported[control.TAKEN];
      figures.queue = Math.max(reported[control.RECEIVED] - figures.taken, 0);
    }
    if (worker === null)
      return figures;
    figures.utilization = this.utilizationSince(worker.performance.eventLoopUtilization());
    if (this.heap !== null)
      [figures.heap_used, figures.heap_total] = this.heap;
    else if (reported[control.HEAP_TOTAL] > 0)
      [figures.heap_used, figures.heap_total] = [reported[control.HEAP_USED], reported[control.HEAP_TOTAL]];
    return figures;
  }

  utilizationSince(now) {
    const { utilization } = this.lastUtilization === undefined
      ? now
      : this.worker.performance.eventLoopUtilization(now, this.lastUtilization);

    this.lastUtilization = now;
    return Math.min(Math.max(utilization, 0), 1);
  }

  // From Node 24 on the thread can be asked while it is busy; before, it answers when it is not.
  askHeap() {
    const { worker } = this;

    if (worker === null)
      return;
    if (typeof worker.getHeapStatistics !== 'function') {
      this.port.postMessage({ heap: true });
      return;
    }
    if (this.heapAsked)
      return;
    this.heapAsked = true;
    worker.getHeapStatistics().then(({ used_heap_size: used, total_heap_size: total }) => {
      this.heap = [used, total];
    }, () => {
      // It does not run yet, or does no more.
    }).finally(() => {
      this.heapAsked = false;
    });
  }
};
