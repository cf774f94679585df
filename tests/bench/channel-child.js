// SPDX-License-Identifier: GPL-3.0-or-later
// Copyright The Troupe authors
// The other end of bench-channel: echoes every message.
'use strict';
process.on('message', (message) => process.send(message));
