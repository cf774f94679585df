// SPDX-License-Identifier: GPL-3.0-or-later
// Copyright The Troupe authors

'use strict';

const NEWLINE = 0x0a;

// Cuts bytes into lines. A line longer than MAX is dropped as it comes, and reported at its end.
exports.LineReader = class LineReader {
  constructor(max, onLine, onTooLong) {
    this.max = max;
    this.onLine = onLine;
    this.onTooLong = onTooLong;
    this.pieces = []; // of the line that is not complete
    this.length = 0;
  }

  // CHUNK is only borrowed.
  feed(chunk) {
    let start = 0;

    for (;;) {
      const end = chunk.indexOf(NEWLINE, start);

      if (end < 0)
        break;
      if (this.length === 0) {
        this.onLine(chunk.toString('utf8', start, end), end - start);
      } else {
        this.keep(chunk.subarray(start, end));
        this.finish();
      }
      start = end + 1;
    }
    if (start < chunk.length)
      this.keep(chunk.subarray(start));
  }

  keep(piece) {
    this.length += piece.length;
    if (this.length > this.max)
      this.pieces.length = 0;
    else
      this.pieces.push(Buffer.from(piece));
  }

  finish() {
    const { pieces, length } = this;

    this.pieces = [];
    this.length = 0;
    if (length > this.max)
      this.onTooLong(length);
    else
      this.onLine(Buffer.concat(pieces, length).toString(), length);
  }
};
