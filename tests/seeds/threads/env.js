// SPDX-License-Identifier: GPL-3.0-or-later
// Copyright The Troupe authors

// by default the main thread and worker threads do not share environment variables
const { Worker, isMainThread } = require("worker_threads")

if (isMainThread) {
    const worker = new Worker(__filename)
    worker.on("exit",()=>{
        console.log(process.env.SET_IN_WORKER)  // undefined
    })
} else {
    process.env.SET_IN_WORKER = "foo"
}
