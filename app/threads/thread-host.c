/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* Writes and reads the lines of the protocol in thread-host.h. It keeps no list of threads:
 * whoever owns it does, and looks up every ID. What it keeps are the questions that are open.
 *
 * A host runs the user's code in its own process, so what comes from it is input: each line
 * is checked for its form before anything is told. */

#include "config.h"

#include "threads/thread-host.h"

#include "base/paths.h"
#include "ipc/json-text.h"

#include <json-glib/json-glib.h>
#include <math.h>
#include <string.h>

/* Input, output, error, channel, and the channel again. */
#define STDIO_COUNT 5

struct _TroupeThreadHost
{
  TroupeChannel *channel; /* (unowned) */
  const TroupeThreadHostHandler *handler;
  gpointer user_data;

  guint64 last_request;
  guint64 open_stat; /* the request whose answer is waited for, or 0 */
  GHashTable *peeks; /* (owned): request (as a pointer) → (owned) GTask with a (owned) Peek */

  guint in_receive : 1;
  guint freed : 1; /* free when receive returns */
};

typedef struct
{
  guint64 offset;
  guint length;
} Peek;

/* --- Lines to the host ------------------------------------------------------ */

static void
append_quoted (GString *line, const char *text)
{
  g_autofree char *valid = g_utf8_validate (text, -1, NULL) ? NULL : g_utf8_make_valid (text, -1);

  g_string_append_c (line, '"');
  for (const char *p = valid != NULL ? valid : text; *p != '\0'; p++)
    if (*p == '"' || *p == '\\')
      g_string_append_printf (line, "\\%c", *p);
    else if ((guchar) *p < 0x20)
      g_string_append_printf (line, "\\u%04x", (guchar) *p);
    else
      g_string_append_c (line, *p);
  g_string_append_c (line, '"');
}

static void
append_strings (GString *line, const char *const *strings)
{
  g_string_append_c (line, '[');
  for (gsize i = 0; strings != NULL && strings[i] != NULL; i++)
    {
      if (i > 0)
        g_string_append_c (line, ',');
      append_quoted (line, strings[i]);
    }
  g_string_append_c (line, ']');
}

/* ENVP as an object. Of a name that stands twice the last one counts, in JSON as in a shell. */
static void
append_environment (GString *line, const char *const *envp)
{
  gboolean first = TRUE;

  if (envp == NULL)
    {
      g_string_append (line, "null");
      return;
    }
  g_string_append_c (line, '{');
  for (gsize i = 0; envp[i] != NULL; i++)
    {
      const char *equals = strchr (envp[i], '=');
      g_autofree char *name = equals != NULL ? g_strndup (envp[i], equals - envp[i]) : NULL;

      if (name == NULL || name[0] == '\0')
        continue;
      if (!first)
        g_string_append_c (line, ',');
      first = FALSE;
      append_quoted (line, name);
      g_string_append_c (line, ':');
      append_quoted (line, equals + 1);
    }
  g_string_append_c (line, '}');
}

static gboolean
append_json (GString *line, const char *json, const char *what, GError **error)
{
  const char *explanation;
  gsize offset;

  if (json == NULL)
    {
      g_string_append (line, "null");
      return TRUE;
    }
  if (!troupe_json_text_is_valid (json, strlen (json), &offset, &explanation))
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA, "The %s are not JSON: %s at byte %" G_GSIZE_FORMAT,
                   what, explanation, offset + 1);
      return FALSE;
    }
  g_string_append (line, json);
  return TRUE;
}

static gboolean
send_line (TroupeThreadHost *self, const char *line, GError **error)
{
  return troupe_channel_send (self->channel, line, strlen (line), error);
}

static void G_GNUC_PRINTF (2, 3)
send_order (TroupeThreadHost *self, const char *format, ...)
{
  g_autofree char *line = NULL;
  g_autoptr (GError) error = NULL;
  va_list args;

  va_start (args, format);
  line = g_strdup_vprintf (format, args);
  va_end (args);
  if (!send_line (self, line, &error))
    g_debug ("Could not tell the thread host %s: %s", line, error->message);
}

gboolean
troupe_thread_host_share (TroupeThreadHost *self, guint64 bytes, GError **error)
{
  g_autofree char *line = g_strdup_printf ("[\"shared\",%" G_GUINT64_FORMAT "]", bytes);

  return send_line (self, line, error);
}

/* The line that creates the thread, or NULL with error set. */
static char *
dup_create_line (guint id, const TroupeThreadLaunch *launch, GError **error)
{
  g_autoptr (GString) line = g_string_new (NULL);

  if (!g_utf8_validate (launch->file, -1, NULL))
    {
      g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_INVALID_FILENAME,
                           "The name of the module is not UTF-8; rename it or one of its folders");
      return NULL;
    }
  g_string_append_printf (line, "[\"create\",%u,{\"file\":", id);
  append_quoted (line, launch->file);
  g_string_append (line, ",\"name\":");
  append_quoted (line, launch->name);
  g_string_append (line, ",\"argv\":");
  append_strings (line, launch->argv);
  g_string_append (line, ",\"exec_argv\":");
  append_strings (line, launch->exec_argv);
  g_string_append (line, ",\"env\":");
  append_environment (line, launch->envp);
  /* Left out, it is undefined in Node, as without Troupe. */
  if (launch->worker_data != NULL)
    {
      g_string_append (line, ",\"worker_data\":");
      if (!append_json (line, launch->worker_data, "worker data", error))
        return NULL;
    }
  g_string_append (line, ",\"resource_limits\":");
  if (!append_json (line, launch->resource_limits, "resource limits", error))
    return NULL;
  g_string_append (line, "}]");
  return g_strdup (line->str);
}

static gboolean
send_stdio (TroupeThreadHost *self, guint id, const int *fds, GError **error)
{
  for (guint n = 0; n < STDIO_COUNT; n++)
    {
      g_autofree char *line = g_strdup_printf ("[\"stdio\",%u,%u]", id, n);

      if (!troupe_channel_send_internal (self->channel, line, "net.Native", fds[MIN (n, 3)], error))
        return FALSE;
    }
  return TRUE;
}

gboolean
troupe_thread_host_create (TroupeThreadHost *self, guint id, const TroupeThreadLaunch *launch, GError **error)
{
  g_autofree char *line = NULL;

  g_return_val_if_fail (id > 0, FALSE);
  g_return_val_if_fail (launch->file != NULL && g_path_is_absolute (launch->file), FALSE);

  line = dup_create_line (id, launch, error);
  if (line == NULL)
    return FALSE;
  if (send_stdio (self, id, launch->fds, error) && send_line (self, line, error))
    return TRUE;
  /* The host may hold some of its sockets already. */
  troupe_thread_host_terminate (self, id);
  return FALSE;
}

void
troupe_thread_host_stop (TroupeThreadHost *self, guint id)
{
  send_order (self, "[\"stop\",%u]", id);
}

void
troupe_thread_host_terminate (TroupeThreadHost *self, guint id)
{
  send_order (self, "[\"terminate\",%u]", id);
}

void
troupe_thread_host_link (TroupeThreadHost *self, guint a, guint b, const char *name_a, const char *name_b)
{
  g_autoptr (GString) names = g_string_new (NULL);

  append_quoted (names, name_a);
  g_string_append_c (names, ',');
  append_quoted (names, name_b);
  send_order (self, "[\"link\",%u,%u,%s]", a, b, names->str);
}

void
troupe_thread_host_unlink (TroupeThreadHost *self, guint a, guint b)
{
  send_order (self, "[\"unlink\",%u,%u]", a, b);
}

void
troupe_thread_host_ask_figures (TroupeThreadHost *self)
{
  g_autofree char *line = NULL;

  if (self->open_stat != 0)
    return;
  line = g_strdup_printf ("[\"stat\",%" G_GUINT64_FORMAT "]", ++self->last_request);
  if (send_line (self, line, NULL))
    self->open_stat = self->last_request;
}

void
troupe_thread_host_list (TroupeThreadHost *self)
{
  send_order (self, "[\"list\"]");
}

void
troupe_thread_host_exit (TroupeThreadHost *self, int code)
{
  send_order (self, "[\"exit\",%d]", code);
}

/* --- Reading the shared block ----------------------------------------------- */

void
troupe_thread_host_peek_async (TroupeThreadHost *self, guint64 offset, guint length, GAsyncReadyCallback callback,
                               gpointer user_data)
{
  g_autoptr (GTask) task = g_task_new (NULL, NULL, callback, user_data);
  g_autofree char *line = NULL;
  g_autoptr (GError) error = NULL;
  guint64 request = ++self->last_request;
  Peek *peek;

  g_task_set_source_tag (task, troupe_thread_host_peek_async);
  if (length == 0 || length > TROUPE_THREAD_PEEK_MAX)
    {
      g_task_return_new_error (task, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                               "Between 1 and %d bytes of shared memory can be read at once, not %u",
                               TROUPE_THREAD_PEEK_MAX, length);
      return;
    }
  if (g_hash_table_size (self->peeks) >= TROUPE_THREAD_PEEKS_MAX)
    {
      g_task_return_new_error (task, G_IO_ERROR, G_IO_ERROR_BUSY,
                               "The thread host has %d questions about its shared memory to answer already",
                               TROUPE_THREAD_PEEKS_MAX);
      return;
    }
  line = g_strdup_printf ("[\"peek\",%" G_GUINT64_FORMAT ",%" G_GUINT64_FORMAT ",%u]", request, offset, length);
  if (!send_line (self, line, &error))
    {
      g_task_return_error (task, g_steal_pointer (&error));
      return;
    }
  peek = g_new (Peek, 1);
  *peek = (Peek) { offset, length };
  g_task_set_task_data (task, peek, g_free);
  g_hash_table_insert (self->peeks, GSIZE_TO_POINTER (request), g_steal_pointer (&task));
}

GBytes *
troupe_thread_host_peek_finish (TroupeThreadHost *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, NULL), NULL);
  return g_task_propagate_pointer (G_TASK (result), error);
}

/* --- Fields of a line from the host ----------------------------------------- */

/* Whole numbers come as integers; 1.0 or 1e3 is not what a host says. */
static gboolean
read_integer (JsonNode *node, gint64 min, gint64 max, gint64 *value)
{
  if (node == NULL || !JSON_NODE_HOLDS_VALUE (node) || json_node_get_value_type (node) != G_TYPE_INT64)
    return FALSE;
  *value = json_node_get_int (node);
  return *value >= min && *value <= max;
}

static gboolean
read_element (JsonArray *line, guint n, gint64 min, gint64 max, gint64 *value)
{
  return n < json_array_get_length (line) && read_integer (json_array_get_element (line, n), min, max, value);
}

static gboolean
read_id (JsonArray *line, guint n, guint *id)
{
  gint64 value;

  if (!read_element (line, n, 1, G_MAXINT, &value))
    return FALSE;
  *id = (guint) value;
  return TRUE;
}

static JsonObject *
get_object (JsonArray *line, guint n)
{
  JsonNode *node = n < json_array_get_length (line) ? json_array_get_element (line, n) : NULL;

  return node != NULL && JSON_NODE_HOLDS_OBJECT (node) ? json_node_get_object (node) : NULL;
}

static JsonArray *
get_array (JsonArray *line, guint n)
{
  JsonNode *node = n < json_array_get_length (line) ? json_array_get_element (line, n) : NULL;

  return node != NULL && JSON_NODE_HOLDS_ARRAY (node) ? json_node_get_array (node) : NULL;
}

/* A text of at most TROUPE_THREAD_TEXT_MAX bytes, valid UTF-8; NULL where there is none. */
static char *
dup_text (JsonObject *object, const char *name)
{
  JsonNode *node = json_object_get_member (object, name);
  const char *text;
  gsize length;

  if (node == NULL || !JSON_NODE_HOLDS_VALUE (node) || json_node_get_value_type (node) != G_TYPE_STRING)
    return NULL;
  text = json_node_get_string (node);
  length = strlen (text);
  return g_utf8_make_valid (text, MIN (length, TROUPE_THREAD_TEXT_MAX));
}

/* A figure that is told or left out; FALSE when it is told and makes no sense. */
static gboolean
read_figure (JsonObject *object, const char *name, gint64 *value)
{
  JsonNode *node = json_object_get_member (object, name);

  return node == NULL || read_integer (node, 0, G_MAXINT64, value);
}

static gboolean
read_utilization (JsonObject *object, double *value)
{
  JsonNode *node = json_object_get_member (object, "utilization");

  if (node == NULL)
    return TRUE;
  if (!JSON_NODE_HOLDS_VALUE (node)
      || (json_node_get_value_type (node) != G_TYPE_DOUBLE && json_node_get_value_type (node) != G_TYPE_INT64))
    return FALSE;
  *value = json_node_get_double (node);
  return isfinite (*value) && *value >= 0 && *value <= 1;
}

static gboolean
read_tid (JsonObject *object, pid_t *tid)
{
  gint64 value = 0;

  if (!read_figure (object, "tid", &value) || value > G_MAXINT)
    return FALSE;
  *tid = (pid_t) value;
  return TRUE;
}

static gboolean
read_figures (JsonNode *node, TroupeThreadFigures *figures)
{
  JsonObject *object = JSON_NODE_HOLDS_OBJECT (node) ? json_node_get_object (node) : NULL;
  gint64 id;

  *figures = (TroupeThreadFigures) {
    .queue = -1, .taken = -1, .utilization = -1, .heap_used_bytes = -1, .heap_total_bytes = -1,
  };
  if (object == NULL || !read_integer (json_object_get_member (object, "id"), 1, G_MAXINT, &id))
    return FALSE;
  figures->id = (guint) id;
  return read_tid (object, &figures->tid) && read_figure (object, "queue", &figures->queue)
         && read_figure (object, "taken", &figures->taken)
         && read_utilization (object, &figures->utilization)
         && read_figure (object, "heap_used", &figures->heap_used_bytes)
         && read_figure (object, "heap_total", &figures->heap_total_bytes);
}

/* Returns: (transfer full) (nullable): of TroupeThreadFigures */
static GArray *
read_figures_array (JsonArray *array)
{
  g_autoptr (GArray) figures = g_array_new (FALSE, TRUE, sizeof (TroupeThreadFigures));
  guint n = array != NULL ? json_array_get_length (array) : G_MAXUINT;

  if (n > TROUPE_THREAD_MAX)
    return NULL;
  g_array_set_size (figures, n);
  for (guint i = 0; i < n; i++)
    if (!read_figures (json_array_get_element (array, i), &g_array_index (figures, TroupeThreadFigures, i)))
      return NULL;
  return g_steal_pointer (&figures);
}

/* --- Lines from the host ---------------------------------------------------- */

/* Each takes one line, an array whose first element is its name, and returns FALSE when the line
 * has not the form that the header gives it. */

static gboolean
receive_ready (TroupeThreadHost *self, JsonArray *line)
{
  JsonObject *about = get_object (line, 1);
  g_autofree char *runtime = about != NULL ? dup_text (about, "runtime") : NULL;
  gint64 version;

  if (runtime == NULL || !read_integer (json_object_get_member (about, "version"), 0, G_MAXINT, &version))
    return FALSE;
  if (version != TROUPE_THREAD_PROTOCOL_VERSION)
    {
      g_autofree char *problem
        = g_strdup_printf ("The thread host (%s) speaks version %d of the protocol; version %d is expected", runtime,
                           (int) version, TROUPE_THREAD_PROTOCOL_VERSION);

      self->handler->broken (self, problem, self->user_data);
      return TRUE;
    }
  self->handler->ready (self, runtime, self->user_data);
  return TRUE;
}

static gboolean
receive_online (TroupeThreadHost *self, JsonArray *line)
{
  JsonObject *about = get_object (line, 2);
  pid_t tid;
  guint id;

  if (!read_id (line, 1, &id) || about == NULL || !read_tid (about, &tid))
    return FALSE;
  self->handler->online (self, id, tid, self->user_data);
  return TRUE;
}

/* "TypeError [ERR_X]: text", as Node prints it; a thrown value that is no Error has no name. */
static char *
dup_summary (const char *name, const char *code, const char *message)
{
  g_autofree char *first_line = g_strndup (message, strcspn (message, "\r\n"));

  if (name == NULL || name[0] == '\0')
    return g_strdup_printf ("Uncaught %s", first_line);
  return g_strdup_printf ("%s%s%s%s: %s", name, code != NULL ? " [" : "", code != NULL ? code : "",
                          code != NULL ? "]" : "", first_line);
}

static gboolean
receive_error (TroupeThreadHost *self, JsonArray *line)
{
  JsonObject *about = get_object (line, 2);
  g_autofree char *name = about != NULL ? dup_text (about, "name") : NULL;
  g_autofree char *message = about != NULL ? dup_text (about, "message") : NULL;
  g_autofree char *code = about != NULL ? dup_text (about, "code") : NULL;
  g_autofree char *stack = about != NULL ? dup_text (about, "stack") : NULL;
  g_autofree char *summary = NULL;
  guint id;

  if (!read_id (line, 1, &id) || message == NULL)
    return FALSE;
  summary = dup_summary (name, code, message);
  self->handler->error (self, id, summary, stack != NULL ? stack : message, self->user_data);
  return TRUE;
}

static gboolean
receive_fault (TroupeThreadHost *self, JsonArray *line)
{
  JsonObject *about = get_object (line, 2);
  g_autofree char *message = about != NULL ? dup_text (about, "message") : NULL;
  guint id;

  if (!read_id (line, 1, &id) || message == NULL)
    return FALSE;
  self->handler->fault (self, id, message, self->user_data);
  return TRUE;
}

static gboolean
receive_log (TroupeThreadHost *self, JsonArray *line)
{
  JsonObject *about = get_object (line, 2);
  g_autofree char *level = about != NULL ? dup_text (about, "level") : NULL;
  g_autofree char *message = about != NULL ? dup_text (about, "message") : NULL;
  guint id;

  if (!read_id (line, 1, &id) || level == NULL || message == NULL)
    return FALSE;
  self->handler->log (self, id, level, message, self->user_data);
  return TRUE;
}

static gboolean
receive_progress (TroupeThreadHost *self, JsonArray *line)
{
  JsonObject *about = get_object (line, 2);
  g_autofree char *message = about != NULL ? dup_text (about, "message") : NULL;
  JsonNode *node = about != NULL ? json_object_get_member (about, "fraction") : NULL;
  double fraction;
  guint id;

  if (!read_id (line, 1, &id) || node == NULL || !JSON_NODE_HOLDS_VALUE (node)
      || (json_node_get_value_type (node) != G_TYPE_DOUBLE && json_node_get_value_type (node) != G_TYPE_INT64))
    return FALSE;
  fraction = json_node_get_double (node);
  if (!isfinite (fraction) || fraction > 1)
    return FALSE;
  self->handler->progress (self, id, fraction < 0 ? -1 : fraction, message != NULL ? message : "", self->user_data);
  return TRUE;
}

static gboolean
receive_exit (TroupeThreadHost *self, JsonArray *line)
{
  JsonObject *about = get_object (line, 2);
  g_autofree char *reason = about != NULL ? dup_text (about, "reason") : NULL;
  gint64 code;
  guint id;

  if (!read_id (line, 1, &id) || about == NULL
      || !read_integer (json_object_get_member (about, "code"), G_MININT, G_MAXINT, &code))
    return FALSE;
  self->handler->exited (self, id, (int) code, reason, self->user_data);
  return TRUE;
}

static gboolean
receive_linked (TroupeThreadHost *self, JsonArray *line)
{
  guint a, b;

  if (!read_id (line, 1, &a) || !read_id (line, 2, &b))
    return FALSE;
  self->handler->linked (self, a, b, NULL, self->user_data);
  return TRUE;
}

static gboolean
receive_link_failed (TroupeThreadHost *self, JsonArray *line)
{
  JsonObject *about = get_object (line, 3);
  g_autofree char *message = about != NULL ? dup_text (about, "message") : NULL;
  guint a, b;

  if (!read_id (line, 1, &a) || !read_id (line, 2, &b) || message == NULL)
    return FALSE;
  self->handler->linked (self, a, b, message, self->user_data);
  return TRUE;
}

static gboolean
receive_unlinked (TroupeThreadHost *self, JsonArray *line)
{
  guint a, b;

  if (!read_id (line, 1, &a) || !read_id (line, 2, &b))
    return FALSE;
  self->handler->unlinked (self, a, b, self->user_data);
  return TRUE;
}

static gboolean
receive_stat (TroupeThreadHost *self, JsonArray *line)
{
  g_autoptr (GArray) figures = read_figures_array (get_array (line, 2));
  gint64 request;

  if (!read_element (line, 1, 1, G_MAXINT64, &request) || figures == NULL)
    return FALSE;
  /* Of an engine that is gone. */
  if ((guint64) request != self->open_stat)
    return TRUE;
  self->open_stat = 0;
  self->handler->figures (self, (const TroupeThreadFigures *) figures->data, figures->len, self->user_data);
  return TRUE;
}

static gboolean
receive_list (TroupeThreadHost *self, JsonArray *line)
{
  g_autoptr (GArray) threads = read_figures_array (get_array (line, 1));

  if (threads == NULL)
    return FALSE;
  self->handler->listed (self, (const TroupeThreadFigures *) threads->data, threads->len, self->user_data);
  return TRUE;
}

static gboolean
receive_peeked (TroupeThreadHost *self, JsonArray *line)
{
  JsonObject *about = get_object (line, 2);
  JsonNode *node = about != NULL ? json_object_get_member (about, "data") : NULL;
  g_autoptr (GTask) task = NULL;
  g_autofree guchar *data = NULL;
  gint64 request, offset;
  gpointer found;
  gsize length;
  Peek *peek;

  if (!read_element (line, 1, 1, G_MAXINT64, &request) || node == NULL || !JSON_NODE_HOLDS_VALUE (node)
      || json_node_get_value_type (node) != G_TYPE_STRING
      || !read_integer (json_object_get_member (about, "offset"), 0, G_MAXINT64, &offset))
    return FALSE;
  if (!g_hash_table_steal_extended (self->peeks, GSIZE_TO_POINTER (request), NULL, &found))
    return TRUE;
  task = found;
  peek = g_task_get_task_data (task);
  data = g_base64_decode (json_node_get_string (node), &length);
  if ((guint64) offset != peek->offset || length > peek->length)
    {
      g_task_return_new_error (task, G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
                               "The thread host answered with other bytes of its shared memory than were asked for");
      return FALSE;
    }
  g_task_return_pointer (task, g_bytes_new_take (g_steal_pointer (&data), length), (GDestroyNotify) g_bytes_unref);
  return TRUE;
}

static const struct
{
  const char *name;
  gboolean (*receive) (TroupeThreadHost *self, JsonArray *line);
} lines[] = {
  { "ready", receive_ready },
  { "online", receive_online },
  { "error", receive_error },
  { "fault", receive_fault },
  { "log", receive_log },
  { "progress", receive_progress },
  { "exit", receive_exit },
  { "linked", receive_linked },
  { "link-failed", receive_link_failed },
  { "unlinked", receive_unlinked },
  { "stat", receive_stat },
  { "list", receive_list },
  { "peeked", receive_peeked },
};

static gboolean
receive_array (TroupeThreadHost *self, JsonArray *line)
{
  JsonNode *first = json_array_get_length (line) > 0 ? json_array_get_element (line, 0) : NULL;

  if (first == NULL || !JSON_NODE_HOLDS_VALUE (first) || json_node_get_value_type (first) != G_TYPE_STRING)
    return FALSE;
  for (gsize i = 0; i < G_N_ELEMENTS (lines); i++)
    if (strcmp (lines[i].name, json_node_get_string (first)) == 0)
      return lines[i].receive (self, line);
  return FALSE;
}

void
troupe_thread_host_receive (TroupeThreadHost *self, const char *text, gsize length)
{
  g_autoptr (JsonParser) parser = json_parser_new_immutable ();
  JsonNode *root;

  self->in_receive = TRUE;
  root = length <= G_MAXSSIZE && json_parser_load_from_data (parser, text, (gssize) length, NULL)
           ? json_parser_get_root (parser)
           : NULL;
  if (root == NULL || !JSON_NODE_HOLDS_ARRAY (root) || !receive_array (self, json_node_get_array (root)))
    {
      g_autofree char *valid = g_utf8_make_valid (text, (gssize) MIN (length, 200));
      g_autofree char *problem = g_strdup_printf ("The thread host said what nobody understands: %s", valid);

      if (!self->freed)
        self->handler->broken (self, problem, self->user_data);
    }
  self->in_receive = FALSE;
  if (self->freed)
    troupe_thread_host_free (self);
}

/* --- Life ------------------------------------------------------------------- */

TroupeThreadHost *
troupe_thread_host_new (TroupeChannel *channel, const TroupeThreadHostHandler *handler, gpointer user_data)
{
  TroupeThreadHost *self = g_new0 (TroupeThreadHost, 1);

  self->channel = channel;
  self->handler = handler;
  self->user_data = user_data;
  /* Answers to an engine that is gone must not look like ours. Below 2⁵³, for hosts in JavaScript. */
  self->last_request = (guint64) g_random_int () << 16;
  self->peeks = g_hash_table_new_full (NULL, NULL, NULL, g_object_unref);
  return self;
}

static void
fail_peeks (TroupeThreadHost *self)
{
  g_autoptr (GHashTable) peeks = g_steal_pointer (&self->peeks);
  GHashTableIter iter;
  gpointer task;

  g_hash_table_iter_init (&iter, peeks);
  while (g_hash_table_iter_next (&iter, NULL, &task))
    g_task_return_new_error (task, G_IO_ERROR, G_IO_ERROR_CLOSED,
                             "The thread host ended before it answered; its shared memory is gone");
}

void
troupe_thread_host_free (TroupeThreadHost *self)
{
  if (self == NULL)
    return;
  if (self->in_receive)
    {
      self->freed = TRUE;
      return;
    }
  fail_peeks (self);
  g_free (self);
}

char *
troupe_thread_host_dup_node_script (void)
{
  g_autofree char *root = troupe_paths_dup_build_root ();
  g_autofree char *data_dir = troupe_paths_dup_data_dir ();

  /* Built from this folder, installed with the data. */
  return root != NULL ? g_strdup (TROUPE_SOURCE_THREADS_DIR "/node/troupe-thread-host.js")
                      : g_build_filename (data_dir, "thread-host", "troupe-thread-host.js", NULL);
}
