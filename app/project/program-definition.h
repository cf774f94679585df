/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */
#pragma once

#include "base/words.h"

#include <gio/gio.h>

G_BEGIN_DECLS

/* What to run and how: one [program NAME] group of a project file, or one launch over the
 * bus. Immutable and reference-counted. A pure value: reading, writing, checking; opens
 * nothing, except troupe_program_definition_check_system. */

typedef struct _TroupeProgramDefinition TroupeProgramDefinition;

/* Condition on another program of the project: after=db:ready */
typedef enum
{
  TROUPE_AFTER_STARTED,
  TROUPE_AFTER_READY,
  TROUPE_AFTER_EXITED_SUCCESSFULLY,
} TroupeAfterCondition;

typedef struct
{
  char *program;
  TroupeAfterCondition condition;
} TroupeAfter;

/* How a running worker becomes ready: ready=time:2, line:REGEX, tcp:PORT, tcp:HOST:PORT,
 * http:URL, command:LINE; message: it says "ready" or {"ready":true} on its channel (fork, cluster);
 * listening: it serves an address (cluster); nothing: it stays "running". */
typedef enum
{
  TROUPE_READY_NONE,
  TROUPE_READY_TIME,
  TROUPE_READY_LINE,
  TROUPE_READY_TCP,
  TROUPE_READY_HTTP,
  TROUPE_READY_COMMAND,
  TROUPE_READY_MESSAGE,
  TROUPE_READY_LISTENING,
} TroupeReadyKind;

#define TROUPE_INSTANCES_MAX 1024
/* Threads in one process, channels between two of them, and the block of memory that they share. */
#define TROUPE_THREAD_INSTANCES_MAX 512
#define TROUPE_THREAD_LINKS_MAX 1024
#define TROUPE_SHARED_MEMORY_MAX (G_GUINT64_CONSTANT (1) << 30)
#define TROUPE_LISTEN_MAX 16
#define TROUPE_DEFAULT_MAX_BUFFER (1024 * 1024)
#define TROUPE_DEFAULT_GRACE_MSEC 10000
#define TROUPE_DEFAULT_JOURNAL_LIMIT (G_GUINT64_CONSTANT (1) << 30)

struct _TroupeProgramDefinition
{
  gatomicrefcount ref_count;

  char *name;       /* see program-name.h, or "" when it shall be made from the command */
  char *project;    /* "default" unless said */
  TroupeKind kind;
  char *command;    /* (nullable): the line as typed */
  GStrv argv;       /* what to execute: for exec {"/bin/sh","-c",command} */
  char *argv0;      /* (nullable) */
  char *exec_path;  /* (nullable) fork: what runs the module, in place of what its ending says */
  GStrv exec_argv;  /* fork: arguments of that, before the module */
  GStrv links;      /* fork: programs that get what this one sends: {"db"}; threads also: see below */
  char *worker_data;     /* (nullable) threads: JSON */
  gboolean share_env;    /* threads: they share the variables of their process */
  GStrv resource_limits; /* threads of Node: {"max-old-generation-size-mb=64"} */
  guint64 shared_memory_bytes; /* threads: of the block they share; 0: none */
  guint64 cpu_limit_msec;      /* threads: of CPU time, each; 0: none */
  char *cwd;        /* (nullable) absolute */
  GStrv env;        /* KEY=VALUE, in order; "KEY" alone unsets */
  GStrv env_files;  /* absolute */
  GStrv listen;     /* cluster: addresses bound for the workers: {"tcp:127.0.0.1:8000"} */
  GStrv map_ports;  /* cluster: {"8000:8001"}: a script that asks for port 8000 gets 8001 */
  gboolean schedule_shared; /* cluster: workers accept themselves, in place of round robin */
  guint instances;  /* 1 … TROUPE_INSTANCES_MAX; auto is resolved to the cores */
  gboolean instances_auto;
  TroupeRestart restart;
  GStrv success;    /* exit codes and signals that are success besides 0: {"3","SIGTERM"} */
  guint restart_delay_msec, restart_delay_max_msec; /* back-off: first and ceiling */
  guint restart_limit;                              /* quick crashes in a row before giving up; 0: never */
  guint stable_msec;                                /* up this long resets the back-off */
  GArray *after;    /* of TroupeAfter */
  TroupeReadyKind ready;
  char *ready_value;        /* what stands behind the colon; for time in seconds ("0.5"), for http the whole URL */
  guint ready_timeout_msec; /* 0: none */
  int stop_signal;
  guint grace_msec;
  guint64 timeout_msec;     /* 0: none */
  guint64 max_buffer_bytes; /* exec kinds; 0: no limit (spawn) */
  int kill_signal;          /* for timeout and max-buffer */
  int nice;
  gboolean colors;          /* add FORCE_COLOR, CLICOLOR_FORCE, PYTHONUNBUFFERED */
  guint64 journal_limit_bytes;
  guint journal_runs;       /* how many ended runs a worker keeps */
};

/* A problem with one key, in words a person can act on. */
typedef struct
{
  char *key;
  char *message;
} TroupeProblem;

TroupeProblem *troupe_problem_new (const char *key, const char *message);
void troupe_problem_free (TroupeProblem *problem);

TroupeProgramDefinition *troupe_program_definition_ref (TroupeProgramDefinition *self);
void troupe_program_definition_unref (TroupeProgramDefinition *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (TroupeProgramDefinition, troupe_program_definition_unref)

/* From the a{sv} of Engine1.Launch. BASE_DIR (nullable): what relative folders are relative
 * to, and the folder when the definition names none; without it they must be absolute.
 * On failure TROUPE_ERROR_INVALID_DEFINITION with the first problem; PROBLEMS
 * (out) (optional) (transfer full) (element-type TroupeProblem) gets all of them.
 * Unknown keys are problems. Returns: (transfer full) (nullable) */
TroupeProgramDefinition *troupe_program_definition_new_from_variant (GVariant *dict, const char *base_dir,
                                                                     GPtrArray **problems, GError **error);
/* The same with other links (taken). Returns: (transfer full) */
TroupeProgramDefinition *troupe_program_definition_new_with_links (TroupeProgramDefinition *self, GStrv links);

/* Floating a{sv}: only what differs from the defaults, so that it reads back equal. */
GVariant *troupe_program_definition_to_variant (TroupeProgramDefinition *self);

/* From and to a [program NAME] group. The key names are those of the variant, and
 * env.KEY=VALUE says the same as an item of env. Unknown keys are left alone, for the
 * reader of the file to name with their lines. To write takes away the keys that are at
 * their defaults and leaves comments and unknown keys. */
TroupeProgramDefinition *troupe_program_definition_new_from_key_file (GKeyFile *key_file, const char *group,
                                                                      const char *base_dir,
                                                                      GPtrArray **problems, GError **error);
void troupe_program_definition_to_key_file (TroupeProgramDefinition *self, GKeyFile *key_file);

/* NULL-terminated list of the keys that new_from_key_file understands; besides them env.KEY. */
const char *const *troupe_program_definition_get_keys (void);
gboolean troupe_program_definition_is_key (const char *key);

/* The same with other addresses and ports (both taken). Returns: (transfer full) */
TroupeProgramDefinition *troupe_program_definition_new_with_ports (TroupeProgramDefinition *self, GStrv listen,
                                                                   GStrv map_ports);
/* The same under another name. Returns: (transfer full) */
TroupeProgramDefinition *troupe_program_definition_new_renamed (TroupeProgramDefinition *self, const char *name);
/* The same for N workers. Returns: (transfer full) */
TroupeProgramDefinition *troupe_program_definition_new_scaled (TroupeProgramDefinition *self, guint instances);
/* A valid name made from the command: "find" for `find /`. Returns: (transfer full) */
char *troupe_program_definition_dup_made_name (TroupeProgramDefinition *self);
/* TRUE when both say the same in every field. */
gboolean troupe_program_definition_equal (TroupeProgramDefinition *a, TroupeProgramDefinition *b);

/* Adds problems that only the machine knows: the folder does not exist, the command is not
 * found on its PATH or not executable, an env-file cannot be read. */
void troupe_program_definition_check_system (TroupeProgramDefinition *self, GPtrArray *problems);

/* The command as one would type it (quoted where needed). Returns: (transfer full) */
char *troupe_program_definition_dup_command_line (TroupeProgramDefinition *self);

/* "8000:8001", as in map-port=. */
gboolean troupe_port_map_parse (const char *text, guint *from, guint *to);

/* TRUE for kinds that talk over a channel. */
gboolean troupe_kind_has_channel (TroupeKind kind);

/* A channel straight between two threads of one program is a link "1:2", and "*" one between every two. FALSE
 * when TEXT is no such link; A and B (out): the workers' numbers, 0 for "*". */
#define TROUPE_THREAD_LINK_ALL "*"
gboolean troupe_thread_link_parse (const char *text, guint *a, guint *b);
/* The resource limits as an object with Node's names. Returns: (transfer full) (nullable) */
char *troupe_program_definition_dup_resource_limits (TroupeProgramDefinition *self);
/* Of threads: TRUE when the native host runs it, FALSE when Node does. */
gboolean troupe_program_definition_is_native_module (TroupeProgramDefinition *self);
/* A native module that is not in the program's folder may be one that comes with Troupe. Returns: (transfer full):
 * the file of the module, absolute. */
char *troupe_program_definition_dup_module_path (TroupeProgramDefinition *self);

/* TRUE when Node runs it: a module by its ending, or by what is to execute it. Only Node speaks to a
 * cluster's primary. */
gboolean troupe_program_definition_is_node (TroupeProgramDefinition *self);

/* What to execute. For a fork or a cluster the module is run by node (.js, .mjs, .cjs), python3 (.py), tsx or
 * ts-node (.ts), or by itself; the others are executed as they stand. ENVIRONMENT: whose PATH
 * is looked at. Returns: (transfer full) */
GStrv troupe_program_definition_dup_exec_argv (TroupeProgramDefinition *self, GStrv environment);

/* The complete environment for instance N of a run: the engine's own, scrubbed of
 * NODE_CHANNEL_FD, NODE_CHANNEL_SERIALIZATION_MODE, NODE_UNIQUE_ID, LISTEN_* and the
 * D-Bus activation variables, then colours, env-files, env, and TROUPE_PROJECT, TROUPE_WORKER, TROUPE_INSTANCE.
 * Returns: (transfer full), NULL with error when an env-file cannot be read. */
GStrv troupe_program_definition_dup_environment (TroupeProgramDefinition *self, const char *worker_name,
                                                 guint instance, GError **error);

G_END_DECLS
