// SPDX-License-Identifier: GPL-3.0-or-later
// Copyright The Troupe authors

// Loaded before a script that starts a worker for each processor: there are two, wherever the test runs.
const os = require('node:os');

const cpus = os.cpus();
os.cpus = () => [cpus[0], cpus[0]];
os.availableParallelism = () => 2;
