/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* A run as a member of its cluster: what it serves, and what follows from that. */

#include "config.h"

#include "supervisor/run-private.h"

static void
listening_cb (TroupeGroupMember *member, const char *address, gpointer user_data)
{
  TroupeRun *self = user_data;

  troupe_run_note (self, "listening", "address", address);
  if (self->readiness != NULL)
    troupe_readiness_serve (self->readiness, address);
  else if (self->started && self->definition->ready == TROUPE_READY_LISTENING)
    {
      /* Again, after it had closed all its servers. */
      g_autofree char *how = g_strdup_printf ("listens on %s", address);

      self->handler->ready (self, how, self->user_data);
    }
  self->handler->changed (self, self->user_data);
}

static void
unlistening_cb (TroupeGroupMember *member, const char *address, gpointer user_data)
{
  TroupeRun *self = user_data;

  troupe_run_note (self, "listening-ended", "address", address);
  if (troupe_group_member_get_addresses (member)->len == 0 && self->stop == STOP_NONE
      && self->definition->ready == TROUPE_READY_LISTENING)
    self->handler->unready (self, "it does not listen any more", self->user_data);
  self->handler->changed (self, self->user_data);
}

static void
listen_failed_cb (TroupeGroupMember *member, const char *problem, gpointer user_data)
{
  TroupeRun *self = user_data;

  g_free (self->listen_problem);
  self->listen_problem = g_strdup (problem);
  troupe_run_note (self, "listen-failed", "problem", problem);
  self->handler->late (self, problem, self->user_data);
}

static const TroupeGroupMemberHandler member_handler = {
  .listening = listening_cb,
  .unlistening = unlistening_cb,
  .listen_failed = listen_failed_cb,
};

void
troupe_run_enter_group (TroupeRun *self, const char *identity)
{
  self->member = troupe_group_member_new (self->owner.cluster, identity, &member_handler, self);
  if (self->conversation != NULL && troupe_program_definition_is_node (self->definition))
    troupe_group_member_join (self->member, troupe_conversation_get_channel (self->conversation));
}

GStrv
troupe_run_dup_addresses (TroupeRun *self)
{
  g_autoptr (GPtrArray) addresses = g_ptr_array_new ();
  GPtrArray *served = self->member != NULL ? troupe_group_member_get_addresses (self->member) : NULL;

  /* Another program than Node has the sockets of listen= from the start. */
  if (self->member != NULL && self->started && !self->main_ended
      && !troupe_program_definition_is_node (self->definition))
    return troupe_worker_group_dup_bound_addresses (troupe_group_member_get_group (self->member));
  for (guint i = 0; served != NULL && i < served->len; i++)
    g_ptr_array_add (addresses, g_strdup (g_ptr_array_index (served, i)));
  g_ptr_array_add (addresses, NULL);
  return (GStrv) g_ptr_array_free (g_steal_pointer (&addresses), FALSE);
}

guint64
troupe_run_get_connections (TroupeRun *self)
{
  return self->member != NULL ? troupe_group_member_get_connections (self->member) : 0;
}
