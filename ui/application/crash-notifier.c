/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* Desktop notifications about crashes. */

#include "config.h"

#include "application/crash-notifier.h"

#include <glib/gi18n.h>

#define FOLDED_ID "crashes"

struct _TroupeCrashNotifier
{
  GObject parent_instance;

  GApplication *application; /* (not owned): owns us */
  TroupeClient *client;      /* (owned) */
  GSettings *settings;       /* (owned) */
  TroupeIsWatched is_watched;
  gpointer user_data;
  GHashTable *told; /* (owned) key -> whether it has a notification of its own */
  gboolean folded;
};

G_DEFINE_FINAL_TYPE (TroupeCrashNotifier, troupe_crash_notifier, G_TYPE_OBJECT)

static void
send_one (TroupeCrashNotifier *self, TroupeWorkerItem *worker)
{
  const char *key = troupe_worker_item_get_key (worker);
  g_autofree char *title = g_strdup_printf (_ ("%s crashed"), troupe_worker_item_get_name (worker));
  g_autoptr (GNotification) notification = g_notification_new (title);

  g_notification_set_body (notification, troupe_worker_item_get_exit_summary (worker));
  g_notification_set_category (notification, "process.crash");
  g_notification_set_default_action_and_target (notification, "app.show-worker", "s", key);
  g_notification_add_button_with_target (notification, _ ("Show"), "app.show-worker", "s", key);
  g_notification_add_button_with_target (notification, _ ("Restart"), "app.restart-worker", "s", key);
  g_application_send_notification (self->application, key, notification);
}

static void
send_folded (TroupeCrashNotifier *self)
{
  guint n = g_hash_table_size (self->told);
  g_autofree char *title =
      g_strdup_printf (g_dngettext (GETTEXT_PACKAGE, "%u worker crashed", "%u workers crashed", n), n);
  g_autoptr (GNotification) notification = g_notification_new (title);

  g_notification_set_default_action (notification, "app.activate");
  g_application_send_notification (self->application, FOLDED_ID, notification);
}

static void
worker_ended_cb (TroupeClient *client, TroupeWorkerItem *worker, gboolean crashed, TroupeCrashNotifier *self)
{
  const char *key = troupe_worker_item_get_key (worker);
  gboolean own;

  if (!crashed || !g_settings_get_boolean (self->settings, "notifications") || self->is_watched (self->user_data))
    return;
  own = g_hash_table_size (self->told) < TROUPE_CRASH_NOTIFICATIONS_MAX || g_hash_table_contains (self->told, key);
  g_hash_table_insert (self->told, g_strdup (key), GINT_TO_POINTER (own));
  if (own)
    send_one (self, worker);
  else
    {
      self->folded = TRUE;
      send_folded (self);
    }
}

static gboolean
is_over (TroupeCrashNotifier *self, const char *key)
{
  TroupeWorkerItem *worker = troupe_client_find_worker (self->client, key);

  return worker == NULL || troupe_worker_item_is_alive (worker) ||
         (troupe_worker_item_get_unseen (worker) & TROUPE_UNSEEN_CRASH) == 0;
}

static void
client_changed_cb (TroupeCrashNotifier *self)
{
  GHashTableIter iter;
  gpointer key, own;
  gboolean any_folded = FALSE;

  g_hash_table_iter_init (&iter, self->told);
  while (g_hash_table_iter_next (&iter, &key, &own))
    if (is_over (self, key))
      {
        if (GPOINTER_TO_INT (own))
          g_application_withdraw_notification (self->application, key);
        g_hash_table_iter_remove (&iter);
      }
    else if (!GPOINTER_TO_INT (own))
      any_folded = TRUE;
  if (self->folded && !any_folded)
    {
      self->folded = FALSE;
      g_application_withdraw_notification (self->application, FOLDED_ID);
    }
}

static void
troupe_crash_notifier_dispose (GObject *object)
{
  TroupeCrashNotifier *self = TROUPE_CRASH_NOTIFIER (object);
  GHashTableIter iter;
  gpointer key, own;

  /* Nobody would answer a click on them any more. */
  g_hash_table_iter_init (&iter, self->told);
  while (g_hash_table_iter_next (&iter, &key, &own))
    if (GPOINTER_TO_INT (own))
      g_application_withdraw_notification (self->application, key);
  g_hash_table_remove_all (self->told);
  if (self->folded)
    g_application_withdraw_notification (self->application, FOLDED_ID);
  self->folded = FALSE;
  g_clear_object (&self->client);
  g_clear_object (&self->settings);
  G_OBJECT_CLASS (troupe_crash_notifier_parent_class)->dispose (object);
}

static void
troupe_crash_notifier_finalize (GObject *object)
{
  g_hash_table_unref (TROUPE_CRASH_NOTIFIER (object)->told);
  G_OBJECT_CLASS (troupe_crash_notifier_parent_class)->finalize (object);
}

static void
troupe_crash_notifier_class_init (TroupeCrashNotifierClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = troupe_crash_notifier_dispose;
  G_OBJECT_CLASS (klass)->finalize = troupe_crash_notifier_finalize;
}

static void
troupe_crash_notifier_init (TroupeCrashNotifier *self)
{
  self->told = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
}

TroupeCrashNotifier *
troupe_crash_notifier_new (GApplication *application, TroupeClient *client, GSettings *settings,
                           TroupeIsWatched is_watched, gpointer user_data)
{
  TroupeCrashNotifier *self = g_object_new (TROUPE_TYPE_CRASH_NOTIFIER, NULL);

  self->application = application;
  self->client = g_object_ref (client);
  self->settings = g_object_ref (settings);
  self->is_watched = is_watched;
  self->user_data = user_data;
  g_signal_connect_object (client, "worker-ended", G_CALLBACK (worker_ended_cb), self, 0);
  g_signal_connect_object (client, "changed", G_CALLBACK (client_changed_cb), self, G_CONNECT_SWAPPED);
  return self;
}

guint
troupe_crash_notifier_get_n_told (TroupeCrashNotifier *self)
{
  return g_hash_table_size (self->told);
}
