// SPDX-License-Identifier: GPL-3.0-or-later
// Copyright The Troupe authors

// What the host's main thread and one worker thread tell each other without a message: a few words
// of shared memory. Both sides load this file, so they agree on what lies where.

'use strict';

// Under this name the preload finds what the host left for it, once; it is gone before the script runs.
exports.KEY = 'troupe.thread';
// Under this name every thread finds the block that all of them share.
exports.SHARED_KEY = 'troupe.shared';

// Int32, at the beginning.
exports.TID = 0; // of the operating system; 0 while unknown
exports.PENDING = 1; // bytes that the thread left to the main thread, and the kernel has not taken yet
exports.LOST = 2; // messages lost because too much was pending and nobody read
exports.COUNTS = 3; // can the preload see what the script takes? 0 not known yet, 1 yes, 2 no
exports.LOCK = 4; // of the outbox; 1 while one of the two is at it
exports.FILLED = 5; // bytes in the outbox
exports.WATCHED = 6; // the main thread looks after the outbox: 0 no, 1 yes, 2 yes, and there was something new
exports.WORDS_BYTES = 64;

// Float64, after that: whole numbers, written by the thread alone.
exports.HEAP_USED = 0;
exports.HEAP_TOTAL = 1;
exports.RECEIVED = 2; // messages read from the socket
exports.TAKEN = 3; // of those, messages that the script took
exports.FIGURES_BYTES = 64;

// Bytes, after that: see outbox.js.
exports.OUTBOX_OFFSET = exports.WORDS_BYTES + exports.FIGURES_BYTES;
exports.OUTBOX_BYTES = 64 * 1024;

exports.BLOCK_BYTES = exports.OUTBOX_OFFSET + exports.OUTBOX_BYTES;

// As in app/ipc/channel.h: bytes of one message, and bytes that may wait for an engine that does not read.
exports.MESSAGE_MAX = 96 * 1024 * 1024;
exports.PENDING_MAX = 16 * 1024 * 1024;
// A thread that sends too much waits as long as what waits gets less, and this long when it does not.
exports.STALL_MSEC = 2000;
// The longest that a line stays in the outbox of a thread that is busy.
exports.WATCH_MSEC = 2;

// Views of BLOCK, a SharedArrayBuffer.
exports.viewsOf = (block) => ({
  words: new Int32Array(block, 0, exports.WORDS_BYTES / 4),
  figures: new Float64Array(block, exports.WORDS_BYTES, exports.FIGURES_BYTES / 8),
});
