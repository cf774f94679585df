/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Wakes when a file in one of many folders grows, or something appears there. One inotify
 * descriptor for all of them: the kernel gives a user only 128 such descriptors, so a
 * journal watch for each of a few hundred runs would not do. */

typedef struct _TroupeFolderWatch TroupeFolderWatch;

/* NULL with errno set when there is no descriptor left. */
TroupeFolderWatch *troupe_folder_watch_new (void);
void troupe_folder_watch_free (TroupeFolderWatch *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (TroupeFolderWatch, troupe_folder_watch_free)

/* Adding a folder twice is as adding it once. FALSE when it cannot be watched; then the caller
 * should look again from time to time. */
gboolean troupe_folder_watch_add (TroupeFolderWatch *self, const char *dir);
void troupe_folder_watch_remove (TroupeFolderWatch *self, const char *dir);

int troupe_folder_watch_peek_fd (TroupeFolderWatch *self);

/* Swallows what woke us. Look at the files after this, not before. */
void troupe_folder_watch_acknowledge (TroupeFolderWatch *self);

G_END_DECLS
