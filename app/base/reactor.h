/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */
#pragma once

#include <glib.h>
#include <sys/epoll.h>

G_BEGIN_DECLS

/* Watches many descriptors as one source of a main context.
 *
 * A GSource a descriptor makes every wake-up of the loop cost as much as there
 * are descriptors; here they are nested in one epoll descriptor, so a wake-up
 * costs what is ready. Belongs to the thread that runs CONTEXT. At most
 * TROUPE_REACTOR_EVENTS_MAX watches are served per turn of the loop, so that a
 * busy set cannot keep other sources waiting. */

#define TROUPE_REACTOR_EVENTS_MAX 64

typedef struct _TroupeReactor TroupeReactor;
typedef struct _TroupeReactorWatch TroupeReactorWatch;

/* EVENTS: EPOLLIN, EPOLLOUT, EPOLLERR, EPOLLHUP as they are ready. The callback
 * may add, change and remove any watch, its own too. */
typedef void (*TroupeReactorFunc) (guint32 events, gpointer user_data);

/* CONTEXT (nullable): the default one. Returns: (transfer full) (nullable): NULL
 * with error set when there is no descriptor left. */
TroupeReactor *troupe_reactor_new (GMainContext *context, GError **error);

/* Removes the watches that are left. */
void troupe_reactor_free (TroupeReactor *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (TroupeReactor, troupe_reactor_free)

/* Level-triggered, unless EVENTS has EPOLLET. FD stays the caller's and must outlive the watch: a descriptor that
 * is closed while watched goes on reporting when it was duplicated elsewhere.
 * Returns: (transfer none): until troupe_reactor_remove, or NULL with error set. */
TroupeReactorWatch *troupe_reactor_add (TroupeReactor *self, int fd, guint32 events, TroupeReactorFunc func,
                                        gpointer user_data, GError **error);
void troupe_reactor_modify (TroupeReactor *self, TroupeReactorWatch *watch, guint32 events);
/* For a watch with EPOLLET: what is ready now is reported again. */
void troupe_reactor_rearm (TroupeReactor *self, TroupeReactorWatch *watch);
void troupe_reactor_remove (TroupeReactor *self, TroupeReactorWatch *watch);

/* Calls WATCH with EPOLLIN once, TROUPE_REACTOR_HOLD_USEC from now (and up to the kernel's timer slack later),
 * whether there is anything to read or not. Who knows that many small things are about to come modifies the
 * watch not to ask for EPOLLIN and takes them together then: neither end pays for a wake-up each. One that is
 * held already stays so. FALSE: this kernel or this context cannot wait for less than a millisecond. */
#define TROUPE_REACTOR_HOLD_USEC 50
gboolean troupe_reactor_hold (TroupeReactor *self, TroupeReactorWatch *watch);

G_END_DECLS
