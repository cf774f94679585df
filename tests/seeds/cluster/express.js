// SPDX-License-Identifier: GPL-3.0-or-later
// Copyright The Troupe authors

const cluster = require("cluster")
const express = require("express")
const os = require("os")
const app = express()

const numCpu = os.cpus().length

// the master process will fork new process only, wont be listening to request
// only forked worker process will be listening to request
if (cluster.isMaster) {
    for(let i =0; i< numCpu; i++) {
        cluster.fork()
    }
    cluster.on("exit",(worker,code,signal)=>{
        // whenever a forked worker process dies, fork another new process
        // this can ensure our app has 0 downtime
        console.log(`worker ${worker.process.pid} died`)
        cluster.fork()
    })
} else {
    app.listen(8000,() => {
        console.log(`server ${process.pid} @ http://localhost:8000`)
    })
}
