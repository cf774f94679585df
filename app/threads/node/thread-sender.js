// SPDX-License-Identifier: GPL-3.0-or-later
// Copyright The Troupe authors

'use strict';

const control = require('./control-block.js');
const { Outbox } = require('./outbox.js');

const PLAIN_DEPTH_MAX = 32;

// What scripts may replace is kept from before they could.
const { stringify } = JSON;
const { add, exchange, load, wait } = Atomics;
const { isArray } = Array;
const { getPrototypeOf, prototype: objectPrototype } = Object;
const arrayPrototype = Array.prototype;
const clone = structuredClone;

// Does JSON make the same of VALUE with and without a structured clone in between?
function isPlain(value, depth) {
  if (typeof value !== 'object' || value === null)
    return typeof value !== 'function' && typeof value !== 'symbol' && typeof value !== 'bigint';
  if (depth === 0 || 'toJSON' in value)
    return false;

  const prototype = getPrototypeOf(value);

  if (isArray(value)) {
    if (prototype !== arrayPrototype)
      return false;
    for (let i = 0; i < value.length; i++) {
      if (!isPlain(value[i], depth - 1))
        return false;
    }
    return true;
  }
  if (prototype !== objectPrototype && prototype !== null)
    return false;
  for (const key in value) {
    if (!isPlain(value[key], depth - 1))
      return false;
  }
  return true;
}

// Node takes a message for its own, and the engine too, when its `cmd` looks like this
// (lib/internal/child_process.js, isInternal).
function isReserved(message) {
  return typeof message === 'object' && message !== null && typeof message.cmd === 'string' &&
    message.cmd.length > 5 && message.cmd.startsWith('NODE_');
}

// Messages of a thread to the engine.
exports.Sender = class Sender {
  constructor(fd, block, port) {
    this.port = port;
    this.outbox = new Outbox(fd, block, (rest) => port.postMessage({ rest }, [rest.buffer]));
    this.words = this.outbox.words;
    this.stalledAt = -1;
  }

  // Throws what Node's own postMessage would throw. What only JSON cannot say is a fault. GATHER: more are
  // likely to follow at once, and somebody will call `flush` then; should it take longer, the
  // main thread does.
  post(value, transfer, gather) {
    if (transfer !== undefined || !isPlain(value, PLAIN_DEPTH_MAX))
      value = clone(value, isArray(transfer) ? { transfer } : transfer);
    if (isReserved(value)) {
      this.fault('A message whose “cmd” begins with NODE_ is Node\'s own; it was not sent');
      return;
    }

    let text;

    try {
      text = stringify(value) ?? 'null';
    } catch (error) {
      this.fault(`A message could not be written as JSON: ${error.message}`);
      return;
    }
    if (load(this.words, control.PENDING) > 0 && !this.waitForRoom(text.length))
      add(this.words, control.LOST, 1);
    else
      this.send(text, gather);
  }

  send(text, gather) {
    const { outbox } = this;

    outbox.lock();
    try {
      if (!outbox.put(text)) {
        outbox.flush();
        if (!outbox.put(text))
          this.writeLong(text);
      }
      if (!gather)
        outbox.flush();
    } finally {
      outbox.unlock();
    }
    if (gather && exchange(this.words, control.WATCHED, 2) === 0)
      this.port.postMessage({ watch: true });
  }

  writeLong(text) {
    // Each character is a byte or more.
    const line = text.length <= control.MESSAGE_MAX ? Buffer.from(`${text}\n`) : null;
    const length = line === null ? text.length : line.length - 1;

    if (length <= control.MESSAGE_MAX)
      this.outbox.write(line, line.length);
    else
      this.fault(`A message of ${length} bytes is too long, at most ${control.MESSAGE_MAX} can be sent; it is lost`);
  }

  flush() {
    if (this.outbox.isEmpty)
      return;
    this.outbox.lock();
    this.outbox.flush();
    this.outbox.unlock();
  }

  // Slows the thread down while somebody reads, and does not stop it for good when nobody does.
  waitForRoom(length) {
    for (;;) {
      const pending = load(this.words, control.PENDING);

      if (pending === 0 || pending + length <= control.PENDING_MAX) {
        this.stalledAt = -1;
        return true;
      }
      if (pending === this.stalledAt)
        return false;
      this.stalledAt = -1;
      if (wait(this.words, control.PENDING, pending, control.STALL_MSEC) === 'timed-out') {
        this.stalledAt = pending;
        this.fault(`Nobody reads the messages: ${pending} bytes wait, and what is sent now is lost`);
      }
    }
  }

  // The script has closed its end, or the engine has.
  close() {
    this.flush();
    this.outbox.gone = true;
  }

  fault(message) {
    this.port.postMessage({ fault: message });
  }
};
