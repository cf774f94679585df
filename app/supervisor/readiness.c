/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* The kinds of readiness. An attempt that is under way holds a reference, so that stopping
 * never waits for it. */

#include "config.h"

#include "supervisor/readiness.h"

#include "base/yielding.h"
#include "supervisor/line-follower.h"

#include <gio/gio.h>
#include <json-glib/json-glib.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#define FIRST_PAUSE_MSEC 50
#define PAUSE_MAX_MSEC 1000
#define ATTEMPT_TIMEOUT_MSEC 10000
#define STATUS_LINE_MAX 64
/* Longer ones are not looked at. */
#define READY_MESSAGE_MAX 4096
/* A program that is not Node says nothing when it takes up its sockets. They listen all along, so that
 * nothing is lost if it takes longer; one that fails at once has failed by then. */
#define SOCKETS_TAKEN_MSEC 1000

struct _TroupeReadiness
{
  grefcount ref_count;
  gboolean stopped;
  TroupeReadyKind kind;
  gboolean hears; /* a message may say that it is ready */
  char *value;
  char *cwd;
  GStrv environment;
  TroupeClock *clock;
  TroupeReadinessWatcher watcher;
  guint late_timeout, retry_timeout, attempt_timeout;
  guint pause_msec;
  GCancellable *attempt;        /* (owned) (nullable): cancels what is under way */
  GSubprocess *command;         /* (owned) (nullable) */
  GSocketConnection *connection; /* (owned) (nullable): HTTP */
  char status_line[STATUS_LINE_MAX];
  TroupeLineFollower *follower; /* (owned) (nullable) */
};

static void try_again (TroupeReadiness *self);

gboolean
troupe_readiness_parse_address (const char *text, char **host, guint16 *port)
{
  const char *colon = strrchr (text, ':');
  const char *digits = colon != NULL ? colon + 1 : text;
  guint64 number;

  if (!g_ascii_string_to_unsigned (digits, 10, 1, G_MAXUINT16, &number, NULL))
    return FALSE;
  if (colon == text)
    return FALSE;
  if (colon == NULL)
    *host = g_strdup ("localhost");
  else if (text[0] == '[' && colon[-1] == ']')
    *host = g_strndup (text + 1, (gsize) (colon - text) - 2);
  else
    *host = g_strndup (text, (gsize) (colon - text));
  *port = (guint16) number;
  return TRUE;
}

gboolean
troupe_readiness_is_http_success (const char *line, gsize length)
{
  const char *space;

  if (length < 5 || memcmp (line, "HTTP/", 5) != 0)
    return FALSE;
  space = memchr (line, ' ', length);
  return space != NULL && (gsize) (space - line) + 3 < length && space[1] == '2' && g_ascii_isdigit (space[2])
         && g_ascii_isdigit (space[3]);
}

static TroupeReadiness *
readiness_ref (TroupeReadiness *self)
{
  g_ref_count_inc (&self->ref_count);
  return self;
}

static void
readiness_unref (TroupeReadiness *self)
{
  if (!g_ref_count_dec (&self->ref_count))
    return;
  g_free (self->value);
  g_free (self->cwd);
  g_strfreev (self->environment);
  g_free (self);
}

/* Ends what an attempt left open, whether it was finished or is given up. */
static void
end_attempt (TroupeReadiness *self)
{
  troupe_clock_clear_timeout (self->clock, &self->attempt_timeout);
  if (self->attempt != NULL)
    g_cancellable_cancel (self->attempt);
  g_clear_object (&self->attempt);
  g_clear_object (&self->connection);
  if (self->command != NULL)
    {
      const char *pid = g_subprocess_get_identifier (self->command);

      /* It leads a group of its own; NULL once it was reaped. */
      if (pid != NULL)
        kill (-(pid_t) g_ascii_strtoll (pid, NULL, 10), SIGKILL);
      g_clear_object (&self->command);
    }
}

/* Stops asking; frees nothing that a callback under way still needs. */
static void
readiness_end (TroupeReadiness *self)
{
  self->stopped = TRUE;
  end_attempt (self);
  troupe_clock_clear_timeout (self->clock, &self->late_timeout);
  troupe_clock_clear_timeout (self->clock, &self->retry_timeout);
  g_clear_pointer (&self->follower, troupe_line_follower_free);
}

static char *
dup_words (TroupeReadiness *self, gboolean is_ready)
{
  switch (self->kind)
    {
    case TROUPE_READY_NONE:
      break;
    case TROUPE_READY_TIME:
      return g_strdup_printf ("up for %s s", self->value);
    case TROUPE_READY_LINE:
      return g_strdup_printf (is_ready ? "a line matches “%s”" : "no line matches “%s”", self->value);
    case TROUPE_READY_TCP:
      return g_strdup_printf (is_ready ? "%s accepts connections" : "nothing listens on %s", self->value);
    case TROUPE_READY_HTTP:
      return g_strdup_printf (is_ready ? "%s answers with success" : "%s does not answer with success",
                              self->value);
    case TROUPE_READY_COMMAND:
      return g_strdup_printf (is_ready ? "“%s” succeeds" : "“%s” does not succeed", self->value);
    case TROUPE_READY_MESSAGE:
      return g_strdup (is_ready ? "it sent its “ready” message" : "it has not sent a “ready” message");
    case TROUPE_READY_LISTENING:
      return g_strdup (!is_ready ? "it does not listen" : self->value[0] != '\0' ? self->value : "has its sockets");
    }
  g_return_val_if_reached (g_strdup (""));
}

static void
readiness_succeed (TroupeReadiness *self)
{
  g_autofree char *how = dup_words (self, TRUE);

  if (self->stopped)
    return;
  readiness_end (self);
  /* The watcher may free us in there. */
  self->watcher.ready (how, self->watcher.user_data);
}

static gboolean
late_cb (gpointer user_data)
{
  TroupeReadiness *self = user_data;
  g_autofree char *what = dup_words (self, FALSE);

  self->late_timeout = 0;
  self->watcher.late (what, self->watcher.user_data);
  return G_SOURCE_REMOVE;
}

static gboolean
time_over_cb (gpointer user_data)
{
  TroupeReadiness *self = user_data;

  self->retry_timeout = 0;
  readiness_succeed (self);
  return G_SOURCE_REMOVE;
}

static void
line_matched_cb (gpointer user_data)
{
  readiness_succeed (user_data);
}

static void
tcp_connected_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  TroupeReadiness *self = user_data;
  g_autoptr (GSocketConnection) connection = NULL;

  connection = g_socket_client_connect_to_host_finish (G_SOCKET_CLIENT (source), result, NULL);
  if (!self->stopped)
    {
      if (connection != NULL)
        readiness_succeed (self);
      else
        try_again (self);
    }
  readiness_unref (self);
}

static void
http_answered_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  TroupeReadiness *self = user_data;
  gsize length = 0;

  g_input_stream_read_all_finish (G_INPUT_STREAM (source), result, &length, NULL);
  if (!self->stopped)
    {
      if (troupe_readiness_is_http_success (self->status_line, length))
        readiness_succeed (self);
      else
        try_again (self);
    }
  readiness_unref (self);
}

static void
http_asked_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  TroupeReadiness *self = user_data;
  gboolean sent = g_output_stream_write_all_finish (G_OUTPUT_STREAM (source), result, NULL, NULL);

  if (!self->stopped && sent && self->connection != NULL)
    {
      /* "HTTP/1.0 200" and a little more; enough to know. */
      g_input_stream_read_all_async (g_io_stream_get_input_stream (G_IO_STREAM (self->connection)),
                                     self->status_line, 16, G_PRIORITY_DEFAULT, self->attempt, http_answered_cb,
                                     readiness_ref (self));
    }
  else if (!self->stopped)
    try_again (self);
  readiness_unref (self);
}

static void
http_connected_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  TroupeReadiness *self = user_data;
  g_autoptr (GSocketConnection) connection = NULL;
  g_autoptr (GUri) uri = NULL;

  connection = g_socket_client_connect_to_uri_finish (G_SOCKET_CLIENT (source), result, NULL);
  uri = g_uri_parse (self->value, G_URI_FLAGS_ENCODED, NULL);
  if (!self->stopped && connection != NULL && uri != NULL)
    {
      const char *path = g_uri_get_path (uri), *query = g_uri_get_query (uri);
      char *request = g_strdup_printf ("GET %s%s%s HTTP/1.0\r\nHost: %s\r\nUser-Agent: troupe\r\n"
                                       "Connection: close\r\n\r\n",
                                       path[0] != '\0' ? path : "/", query != NULL ? "?" : "",
                                       query != NULL ? query : "", g_uri_get_host (uri));
      GOutputStream *output;

      g_set_object (&self->connection, connection);
      output = g_io_stream_get_output_stream (G_IO_STREAM (connection));
      /* The text has to live as long as the writing; it hangs on the connection. */
      g_object_set_data_full (G_OBJECT (connection), "request", request, g_free);
      g_output_stream_write_all_async (output, request, strlen (request), G_PRIORITY_DEFAULT, self->attempt,
                                       http_asked_cb, readiness_ref (self));
    }
  else if (!self->stopped)
    try_again (self);
  readiness_unref (self);
}

static void
command_ended_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  TroupeReadiness *self = user_data;
  gboolean succeeded = g_subprocess_wait_check_finish (G_SUBPROCESS (source), result, NULL);

  if (!self->stopped)
    {
      if (succeeded)
        readiness_succeed (self);
      else
        try_again (self);
    }
  readiness_unref (self);
}

/* Between fork and exec. */
static void
lead_group (gpointer user_data)
{
  setpgid (0, 0);
  troupe_yielding_end_in_child ();
}

static void
start_command (TroupeReadiness *self)
{
  g_autoptr (GSubprocessLauncher) launcher = NULL;

  launcher = g_subprocess_launcher_new (G_SUBPROCESS_FLAGS_STDOUT_SILENCE | G_SUBPROCESS_FLAGS_STDERR_SILENCE);
  if (self->environment != NULL)
    g_subprocess_launcher_set_environ (launcher, self->environment);
  if (self->cwd != NULL)
    g_subprocess_launcher_set_cwd (launcher, self->cwd);
  g_subprocess_launcher_set_child_setup (launcher, lead_group, NULL, NULL);
  self->command = g_subprocess_launcher_spawn (launcher, NULL, "/bin/sh", "-c", self->value, NULL);
  if (self->command == NULL)
    {
      try_again (self);
      return;
    }
  /* Not cancellable: it is killed instead, and its end is awaited either way. */
  g_subprocess_wait_check_async (self->command, NULL, command_ended_cb, readiness_ref (self));
}

static gboolean
attempt_timeout_cb (gpointer user_data)
{
  TroupeReadiness *self = user_data;

  self->attempt_timeout = 0;
  /* The callback of what is under way fails now, and tries again. */
  if (self->command != NULL)
    {
      const char *pid = g_subprocess_get_identifier (self->command);

      if (pid != NULL)
        kill (-(pid_t) g_ascii_strtoll (pid, NULL, 10), SIGKILL);
    }
  else if (self->attempt != NULL)
    g_cancellable_cancel (self->attempt);
  return G_SOURCE_REMOVE;
}

static void
try_now (TroupeReadiness *self)
{
  g_autoptr (GSocketClient) client = NULL;
  g_autofree char *host = NULL;
  guint16 port;

  self->attempt = g_cancellable_new ();
  self->attempt_timeout = troupe_clock_add_timeout (self->clock, ATTEMPT_TIMEOUT_MSEC, attempt_timeout_cb, self);
  switch (self->kind)
    {
    case TROUPE_READY_TCP:
      if (!troupe_readiness_parse_address (self->value, &host, &port))
        {
          try_again (self);
          return;
        }
      client = g_socket_client_new ();
      g_socket_client_set_enable_proxy (client, FALSE);
      g_socket_client_connect_to_host_async (client, host, port, self->attempt, tcp_connected_cb,
                                             readiness_ref (self));
      return;
    case TROUPE_READY_HTTP:
      client = g_socket_client_new ();
      g_socket_client_set_enable_proxy (client, FALSE);
      if (g_ascii_strncasecmp (self->value, "https:", 6) == 0)
        g_socket_client_set_tls (client, TRUE);
      g_socket_client_connect_to_uri_async (client, self->value, g_socket_client_get_tls (client) ? 443 : 80,
                                            self->attempt, http_connected_cb, readiness_ref (self));
      return;
    case TROUPE_READY_COMMAND:
      start_command (self);
      return;
    case TROUPE_READY_NONE:
    case TROUPE_READY_TIME:
    case TROUPE_READY_LINE:
    case TROUPE_READY_MESSAGE:
    case TROUPE_READY_LISTENING:
      break;
    }
  g_assert_not_reached ();
}

static gboolean
retry_cb (gpointer user_data)
{
  TroupeReadiness *self = user_data;

  self->retry_timeout = 0;
  try_now (self);
  return G_SOURCE_REMOVE;
}

static void
try_again (TroupeReadiness *self)
{
  end_attempt (self);
  self->retry_timeout = troupe_clock_add_timeout (self->clock, self->pause_msec, retry_cb, self);
  self->pause_msec = MIN (self->pause_msec * 2, PAUSE_MAX_MSEC);
}

static void
start_time (TroupeReadiness *self, gint64 started_usec)
{
  double seconds = CLAMP (g_ascii_strtod (self->value, NULL), 0, 86400);
  gint64 left_usec = started_usec + (gint64) (seconds * G_USEC_PER_SEC)
                     - troupe_clock_get_real_usec (self->clock);

  self->retry_timeout = troupe_clock_add_timeout (
      self->clock, (guint) (CLAMP (left_usec, 0, 86400 * (gint64) G_USEC_PER_SEC) / 1000), time_over_cb, self);
}

static void
start_listening (TroupeReadiness *self)
{
  if (!self->hears)
    return; /* troupe_readiness_serve */
  self->retry_timeout = troupe_clock_add_timeout (self->clock, SOCKETS_TAKEN_MSEC, time_over_cb, self);
}

static void
start_line (TroupeReadiness *self, const char *journal_dir)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GRegex) pattern = g_regex_new (self->value, G_REGEX_RAW | G_REGEX_OPTIMIZE, 0, &error);

  if (pattern != NULL)
    self->follower = troupe_line_follower_new (journal_dir, pattern, line_matched_cb, self, &error);
  if (self->follower == NULL)
    g_debug ("Readiness by line “%s” cannot be found out: %s", self->value, error->message);
}

TroupeReadiness *
troupe_readiness_start (TroupeProgramDefinition *definition, TroupeClock *clock, const char *journal_dir,
                        gint64 started_usec, const char *const *environment,
                        const TroupeReadinessWatcher *watcher)
{
  TroupeReadiness *self = g_new0 (TroupeReadiness, 1);

  g_assert (definition->ready != TROUPE_READY_NONE);
  g_ref_count_init (&self->ref_count);
  self->kind = definition->ready;
  self->value = g_strdup (definition->ready_value != NULL ? definition->ready_value : "");
  self->cwd = g_strdup (definition->cwd);
  self->environment = g_strdupv ((GStrv) environment);
  self->clock = clock;
  self->watcher = *watcher;
  self->pause_msec = FIRST_PAUSE_MSEC;
  self->hears = self->kind == TROUPE_READY_MESSAGE
                || (self->kind == TROUPE_READY_LISTENING && !troupe_program_definition_is_node (definition));
  if (definition->ready_timeout_msec > 0)
    self->late_timeout = troupe_clock_add_timeout (clock, definition->ready_timeout_msec, late_cb, self);

  switch (self->kind)
    {
    case TROUPE_READY_NONE:
    case TROUPE_READY_MESSAGE: /* troupe_readiness_hear */
      break;
    case TROUPE_READY_LISTENING:
      start_listening (self);
      break;
    case TROUPE_READY_TIME:
      start_time (self, started_usec);
      break;
    case TROUPE_READY_LINE:
      start_line (self, journal_dir);
      break;
    case TROUPE_READY_TCP:
    case TROUPE_READY_HTTP:
    case TROUPE_READY_COMMAND:
      self->retry_timeout = troupe_clock_add_timeout (clock, 0, retry_cb, self);
      break;
    }
  return self;
}

gboolean
troupe_readiness_is_ready_message (const char *text, gsize length)
{
  g_autoptr (JsonParser) parser = NULL;
  JsonNode *root, *ready;

  if (length > READY_MESSAGE_MAX)
    return FALSE;
  parser = json_parser_new ();
  if (!json_parser_load_from_data (parser, text, (gssize) length, NULL))
    return FALSE;
  root = json_parser_get_root (parser);
  if (JSON_NODE_HOLDS_VALUE (root))
    return g_strcmp0 (json_node_get_string (root), "ready") == 0;
  if (!JSON_NODE_HOLDS_OBJECT (root) || !json_object_has_member (json_node_get_object (root), "ready"))
    return FALSE;
  ready = json_object_get_member (json_node_get_object (root), "ready");
  return JSON_NODE_HOLDS_VALUE (ready) && json_node_get_boolean (ready);
}

void
troupe_readiness_hear (TroupeReadiness *self, const char *text, gsize length)
{
  if (self->hears && troupe_readiness_is_ready_message (text, length))
    readiness_succeed (self);
}

void
troupe_readiness_serve (TroupeReadiness *self, const char *address)
{
  if (self->kind != TROUPE_READY_LISTENING)
    return;
  g_free (self->value);
  self->value = g_strdup_printf ("listens on %s", address);
  readiness_succeed (self);
}

void
troupe_readiness_stop (TroupeReadiness *self)
{
  readiness_end (self);
  readiness_unref (self);
}
