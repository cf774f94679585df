// SPDX-License-Identifier: GPL-3.0-or-later
// Copyright The Troupe authors

import parseJSAsync from './parse.mjs';

console.log(JSON.stringify(await parseJSAsync('let a = 1;')));
