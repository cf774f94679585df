// SPDX-License-Identifier: GPL-3.0-or-later
// Copyright The Troupe authors

'use strict';

const { writeSync } = require('fs');

const control = require('./control-block.js');

const { add, compareExchange, exchange, load, store, wait } = Atomics;

// Writes to FD without waiting. Returns the number of bytes it took; -1 when nobody is at the other end.
function writeSome(fd, buffer, offset, length) {
  try {
    return writeSync(fd, buffer, offset, length);
  } catch (error) {
    return error.code === 'EAGAIN' ? 0 : -1;
  }
}

// Lines of one thread for the engine, in shared memory until they are written: the thread writes them, or
// the main thread when it comes first. So a thread can gather lines without keeping any to itself.
//
// What the socket does not take goes to LEAVE, as a Uint8Array of its own, and from then on everything,
// until the main thread has got rid of all that is counted as pending. The thread leaves it in a message, so
// the main thread takes those that have come before it does anything here itself. Bytes are
// taken out before they are written: a thread that is terminated just then may lose a line, and
// never sends one twice.
class Outbox {
  constructor(fd, block, leave) {
    this.fd = fd;
    this.words = control.viewsOf(block).words;
    this.buffer = Buffer.from(block, control.OUTBOX_OFFSET, control.OUTBOX_BYTES);
    this.leave = leave;
    this.gone = false;
  }

  tryLock() {
    return compareExchange(this.words, control.LOCK, 0, 1) === 0;
  }

  lock() {
    while (!this.tryLock())
      wait(this.words, control.LOCK, 1, 0.05);
  }

  unlock() {
    store(this.words, control.LOCK, 0);
  }

  get isEmpty() {
    return load(this.words, control.FILLED) === 0;
  }

  // Locked. TEXT becomes a line; returns false when there may be no room for it.
  put(text) {
    const start = load(this.words, control.FILLED);

    if (start + text.length * 3 >= control.OUTBOX_BYTES)
      return false;

    const end = start + this.buffer.write(text, start, 'utf8');

    this.buffer[end] = 0x0a;
    store(this.words, control.FILLED, end + 1);
    return true;
  }

  // Locked.
  flush() {
    this.write(this.buffer, exchange(this.words, control.FILLED, 0));
  }

  // Locked, with nothing in the box.
  write(buffer, length) {
    if (this.gone || length === 0)
      return;

    const n = load(this.words, control.PENDING) === 0 ? writeSome(this.fd, buffer, 0, length) : 0;

    this.gone = n < 0;
    if (this.gone || n === length)
      return;

    const rest = new Uint8Array(length - n);

    rest.set(buffer.subarray(n, length));
    add(this.words, control.PENDING, rest.length);
    this.leave(rest);
  }
}

module.exports = { Outbox, writeSome };
