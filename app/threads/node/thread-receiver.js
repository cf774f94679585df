// SPDX-License-Identifier: GPL-3.0-or-later
// Copyright The Troupe authors

'use strict';

const { readSync } = require('fs');
const { Socket } = require('net');

const control = require('./control-block.js');
const { LineReader } = require('./line-reader.js');

const { parse } = JSON;

const BUFFER_BYTES = 64 * 1024;
// Messages, and bytes of them, that may wait for the script before the socket is no longer read, and the
// number of messages down to which they must come before it is read again.
const QUEUE_MAX = 1024;
const QUEUE_BYTES_MAX = 16 * 1024 * 1024;
const QUEUE_LOW = 256;

// Messages for a thread: reads them from the thread's socket and posts them to PORT, whose other end the
// script has. The socket never keeps the thread alive; the script's end does, as it likes.
exports.Receiver = class Receiver {
  constructor(fd, port, figures, fault) {
    this.fd = fd;
    this.port = port;
    this.figures = figures;
    this.counts = false; // whether `taken` is called
    this.lengths = []; // of messages that were not taken
    this.first = 0; // index into lengths
    this.bytes = 0;
    this.paused = false;
    this.fault = fault;
    this.buffer = Buffer.allocUnsafeSlow(BUFFER_BYTES);
    this.reader = new LineReader(control.MESSAGE_MAX, (text, length) => this.receive(text, length), (length) =>
      fault(`A message of ${length} bytes is too long, at most ${control.MESSAGE_MAX} can be received; it is lost`));
    this.socket = new Socket({
      fd,
      readable: true,
      writable: false,
      onread: { buffer: this.buffer, callback: (n) => this.read(n) },
    });
    this.socket.unref();
    this.socket.on('error', () => {}); // the end follows
    // A thread that only waits for messages then ends, as a forked process does. The port closes after what
    // was posted to it has been taken.
    this.socket.on('close', () => port.close());
    this.socket.resume();
  }

  read(n) {
    this.reader.feed(this.buffer.subarray(0, n));
    this.paused = this.counts && (this.length >= QUEUE_MAX || this.bytes >= QUEUE_BYTES_MAX);
    return !this.paused;
  }

  // For those who never come back to their event loop and ask for messages instead.
  readNow() {
    try {
      this.reader.feed(this.buffer.subarray(0, readSync(this.fd, this.buffer)));
    } catch {
      // Nothing there.
    }
  }

  receive(text, length) {
    try {
      this.add(length, parse(text));
    } catch (error) {
      this.fault(`A message from Troupe is no JSON: ${error.message}`);
    }
  }

  add(length, message, transfer) {
    if (this.counts) {
      this.lengths.push(length);
      this.bytes += length;
    }
    this.figures[control.RECEIVED]++;
    this.port.postMessage(message, transfer);
  }

  get length() {
    return this.lengths.length - this.first;
  }

  // The script takes one message.
  taken() {
    this.figures[control.TAKEN]++;
    if (this.length === 0)
      return; // one that the script made itself
    this.bytes -= this.lengths[this.first++];
    if (this.first === this.lengths.length || this.first > QUEUE_MAX) {
      this.lengths = this.lengths.slice(this.first);
      this.first = 0;
    }
    if (this.paused && this.length <= QUEUE_LOW && this.bytes < QUEUE_BYTES_MAX) {
      this.paused = false;
      this.socket.resume();
    }
  }

  close() {
    this.socket.destroy();
  }
};
