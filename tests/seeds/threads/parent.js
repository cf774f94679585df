// SPDX-License-Identifier: GPL-3.0-or-later
// Copyright The Troupe authors

const { Worker } = require("worker_threads")

// the script that we want the worker thread to execute
const worker = new Worker("./worker.js")

worker.on("message",message => console.log(message))
worker.postMessage("ping")
