/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */
#pragma once

#include "client/worker-item.h"

G_BEGIN_DECLS

/* The processes of one worker, as a list model of TroupeProcessItem. Asks the engine once
 * when it is made and then after each sample of the worker, as long as it lives: hold it
 * only while somebody looks. Items of processes that live on stay the same objects. */
#define TROUPE_TYPE_PROCESS_LIST (troupe_process_list_get_type ())
G_DECLARE_FINAL_TYPE (TroupeProcessList, troupe_process_list, TROUPE, PROCESS_LIST, GObject)

TroupeProcessList *troupe_process_list_new (TroupeWorkerItem *worker);
TroupeWorkerItem *troupe_process_list_get_worker (TroupeProcessList *self);

G_END_DECLS
