// SPDX-License-Identifier: GPL-3.0-or-later
// Copyright The Troupe authors

'use strict';

const { parentPort } = require('worker_threads');

parentPort.on('message', (message) => parentPort.postMessage(message));
