/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */
#pragma once

#include "client/project-item.h"

G_BEGIN_DECLS

/* What only the client does to a project item. */

TroupeProjectItem *troupe_project_item_new (const char *name);
void troupe_project_item_set_path (TroupeProjectItem *self, const char *path);
void troupe_project_item_add_program (TroupeProjectItem *self, TroupeProgramItem *program);
void troupe_project_item_remove_program (TroupeProjectItem *self, TroupeProgramItem *program);
void troupe_project_item_emit_sampled (TroupeProjectItem *self);

G_END_DECLS
