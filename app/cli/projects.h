/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */
#pragma once

#include "cli/engine-client.h"

G_BEGIN_DECLS

/* The projects that are open in the engine, and which one a person means. */

typedef struct
{
  char *name;
  char *path; /* "": ad-hoc launches */
} TroupeProjectInfo;

void troupe_project_info_free (TroupeProjectInfo *project);

/* Returns: (transfer full) (nullable) (element-type TroupeProjectInfo) */
GPtrArray *troupe_projects_load (TroupeEngineClient *client, GError **error);

/* The project called TEXT, or whose file or folder it is; with TEXT NULL the one of the folder
 * CWD. Pure. Returns: (transfer none) (nullable): NULL with error that names what there is */
const TroupeProjectInfo *troupe_projects_choose (GPtrArray *projects, const char *text, const char *cwd,
                                                 GError **error);

G_END_DECLS
