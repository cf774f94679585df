// SPDX-License-Identifier: GPL-3.0-or-later
// Copyright The Troupe authors

// use env: SHARE_ENV to allow the main and worker thread to share the same env
const { Worker, isMainThread, SHARE_ENV } = require("worker_threads")

if (isMainThread) {
    const worker = new Worker(__filename,{env: SHARE_ENV})
    worker.on("exit",()=>{
        console.log(process.env.SET_IN_WORKER)  // foo
    })
} else {
    process.env.SET_IN_WORKER = "foo"
}
