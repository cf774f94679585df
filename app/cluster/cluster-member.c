/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* A worker that takes part, and the connections it was offered. It answers with accepted true or false before
 * it touches the socket, so one without an answer can be given to another. */

#include "config.h"

#include "cluster/cluster-primary-private.h"

TroupeClusterMember *
troupe_cluster_primary_add (TroupeClusterPrimary *self, TroupeChannel *channel, gpointer member_data)
{
  TroupeClusterMember *member = g_new0 (TroupeClusterMember, 1);

  member->primary = self;
  member->channel = channel;
  member->data = member_data;
  troupe_promptness_init (&member->promptness);
  member->offers = g_array_new (FALSE, FALSE, sizeof (Offer));
  g_ptr_array_add (self->members, member);
  return member;
}

gpointer
troupe_cluster_member_get_data (TroupeClusterMember *member)
{
  return member->data;
}

gboolean
troupe_cluster_member_is_leaving (TroupeClusterMember *member)
{
  return member->leaving;
}

guint
troupe_cluster_member_count_unanswered (TroupeClusterMember *member)
{
  return member->offers->len;
}

gboolean
troupe_cluster_member_takes_another (TroupeClusterMember *member)
{
  return member->offers->len == 0 ||
         (member->offers->len < troupe_promptness_get_room (&member->promptness) &&
          troupe_channel_takes_handle (member->channel));
}

guint64
troupe_cluster_member_get_connections (TroupeClusterMember *member)
{
  return member->connections;
}

void
troupe_cluster_member_leave_all (TroupeClusterMember *member)
{
  TroupeClusterPrimary *self = member->primary;

  for (guint i = 0; i < self->listeners->len; i++)
    {
      TroupeListener *listener = g_ptr_array_index (self->listeners, i);

      if (troupe_listener_has_member (listener, member))
        troupe_listener_leave (listener, member);
    }
}

void
troupe_cluster_member_gone (TroupeClusterMember *member)
{
  TroupeClusterPrimary *self = member->primary;

  troupe_cluster_member_leave_all (member);
  g_ptr_array_remove (self->members, member);
  for (guint i = 0; i < member->offers->len; i++)
    {
      Offer *offer = &g_array_index (member->offers, Offer, i);

      if (g_ptr_array_find (self->listeners, offer->listener, NULL))
        troupe_listener_orphaned (offer->listener, offer->connection);
      troupe_handle_unref (offer->connection);
    }
  g_array_unref (member->offers);
  g_free (member);
}

void
troupe_cluster_member_disconnect (TroupeClusterMember *member)
{
  g_autofree char *text = NULL;

  if (member->leaving)
    return;
  member->leaving = TRUE;
  troupe_cluster_member_leave_all (member);
  text = g_strdup_printf ("{\"cmd\":\"NODE_CLUSTER\",\"act\":\"disconnect\",\"seq\":%u}",
                          troupe_cluster_primary_next_sequence (member->primary));
  troupe_channel_send_internal (member->channel, text, NULL, -1, NULL);
}

/* ---- Connections ---- */

gboolean
troupe_cluster_member_offer (TroupeListener *listener, TroupeClusterMember *member, TroupeHandle *connection)
{
  Offer offer = { troupe_cluster_primary_next_sequence (member->primary), connection, listener,
                  g_get_monotonic_time (), member->offers->len + 1 };
  char text[160];

  g_snprintf (text, sizeof text, "{\"cmd\":\"NODE_CLUSTER\",\"act\":\"newconn\",\"key\":\"%s\",\"seq\":%u}",
              troupe_listener_get_key (listener), offer.sequence);
  if (!troupe_channel_send_handle (member->channel, text, "net.Native", connection, TRUE, NULL))
    return FALSE;
  troupe_handle_ref (connection);
  g_array_append_val (member->offers, offer);
  return TRUE;
}

/* MEMBER has answered for LISTENER: its other servers come first now, each in its turn. */
static void
resume_others (TroupeClusterPrimary *self, TroupeListener *listener, TroupeClusterMember *member)
{
  guint n = self->listeners->len, own;

  if (n < 2 || !g_ptr_array_find (self->listeners, listener, &own))
    return;
  for (guint i = 1; i < n && member->offers->len == 0; i++)
    {
      TroupeListener *other = g_ptr_array_index (self->listeners, (own + i) % n);

      if (troupe_listener_has_member (other, member))
        troupe_listener_resume (other);
    }
}

gboolean
troupe_cluster_member_answered (TroupeClusterMember *member, guint32 sequence, gboolean accepted)
{
  g_autoptr (TroupeHandle) connection = NULL;
  TroupeListener *listener = NULL;

  for (guint i = 0; i < member->offers->len && connection == NULL; i++)
    {
      Offer *offer = &g_array_index (member->offers, Offer, i);

      if (offer->sequence != sequence)
        continue;
      troupe_promptness_note (&member->promptness, g_get_monotonic_time () - offer->usec, offer->nth);
      connection = offer->connection;
      listener = offer->listener;
      g_array_remove_index_fast (member->offers, i);
    }
  if (connection == NULL)
    return FALSE;
  if (accepted)
    member->connections++;
  resume_others (member->primary, listener, member);
  if (g_ptr_array_find (member->primary->listeners, listener, NULL))
    troupe_listener_answered (listener, member, connection, accepted);
  return TRUE;
}
