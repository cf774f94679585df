// SPDX-License-Identifier: GPL-3.0-or-later
// Copyright The Troupe authors

const { Worker, isMainThread, workerData } = require("worker_threads")

// spawn a new worker thread if it's the main / parent thread
// else just log the workerData out
if (isMainThread) {
    const worker = new Worker(__filename, {workerData: "Hello"})
} else {
    console.log(workerData) // "Hello"
}
