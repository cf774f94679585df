// SPDX-License-Identifier: GPL-3.0-or-later
// Copyright The Troupe authors

const = 7;
