// SPDX-License-Identifier: GPL-3.0-or-later
// Copyright The Troupe authors

const { parentPort } = require("worker_threads")
parentPort.on("message",message => parentPort.postMessage({pong:message}))
