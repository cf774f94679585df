/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* One thread's run in its group, and the links between two. */

#include "config.h"

#include "supervisor/thread-group-private.h"

#include "project/program-definition.h"

/* A thread's number: its worker's instance above, so many bits of its run below. */
#define RUN_BITS 20

/* So many threads are named where a kill would hit others. */
#define OTHERS_NAMED 3

void
troupe_thread_group_check_stuck (TroupeThreadGroup *self)
{
  for (guint i = 0; i < self->members->len; i++)
    if (!((TroupeThreadMember *) g_ptr_array_index (self->members, i))->is_overdue)
      return;
  if (self->members->len > 0 && self->host != NULL)
    self->handler->stuck (self, self->user_data);
}

void
troupe_thread_member_end (TroupeThreadMember *self)
{
  self->has_ended = TRUE;
  if (self->group->culprit == self)
    self->group->culprit = NULL;
  g_ptr_array_remove (self->group->members, self);
}

/* ---- Links ---- */

static gboolean
joins (GArray *links, const TroupeThreadMember *a, const TroupeThreadMember *b)
{
  for (guint i = 0; i < links->len; i++)
    {
      const TroupeThreadLink *link = &g_array_index (links, TroupeThreadLink, i);

      if (link->a == 0 || (link->a == a->instance && link->b == b->instance)
          || (link->a == b->instance && link->b == a->instance))
        return TRUE;
    }
  return FALSE;
}

void
troupe_thread_member_link (TroupeThreadMember *self)
{
  TroupeThreadGroup *group = self->group;

  for (guint i = 0; group->host != NULL && i < group->members->len; i++)
    {
      TroupeThreadMember *other = g_ptr_array_index (group->members, i);

      if (other != self && other->is_online && joins (group->links, self, other))
        troupe_thread_host_link (group->host, self->id, other->id, self->name, other->name);
    }
}

static GArray *
parse_links (const char *const *links)
{
  GArray *parsed = g_array_new (FALSE, FALSE, sizeof (TroupeThreadLink));

  for (gsize i = 0; links != NULL && links[i] != NULL; i++)
    {
      TroupeThreadLink link;

      if (troupe_thread_link_parse (links[i], &link.a, &link.b))
        g_array_append_val (parsed, link);
    }
  return parsed;
}

/* A pair of which both run gets what it lacks, and loses what it should not have. */
static void
change_link (TroupeThreadGroup *self, GArray *before, TroupeThreadMember *a, TroupeThreadMember *b)
{
  gboolean was_linked = joins (before, a, b), is_linked = joins (self->links, a, b);

  if (!a->is_online || !b->is_online || was_linked == is_linked)
    return;
  if (is_linked)
    troupe_thread_host_link (self->host, a->id, b->id, a->name, b->name);
  else
    troupe_thread_host_unlink (self->host, a->id, b->id);
}

void
troupe_thread_group_set_links (TroupeThreadGroup *self, const char *const *links)
{
  g_autoptr (GArray) before = g_steal_pointer (&self->links);

  self->links = parse_links (links);
  if (self->host == NULL || (before->len == 0 && self->links->len == 0))
    return;
  for (guint i = 0; i < self->members->len; i++)
    for (guint k = 0; k < i; k++)
      change_link (self, before, g_ptr_array_index (self->members, k), g_ptr_array_index (self->members, i));
}

/* ---- Its life ---- */

TroupeThreadMember *
troupe_thread_member_new (TroupeThreadGroup *group, guint instance, const char *name, guint run,
                          const TroupeThreadMemberHandler *handler, gpointer user_data)
{
  TroupeThreadMember *self = g_new0 (TroupeThreadMember, 1);

  self->group = troupe_thread_group_ref (group);
  self->id = instance << RUN_BITS | (run & ((1u << RUN_BITS) - 1));
  self->instance = instance;
  self->name = name;
  self->handler = handler;
  self->user_data = user_data;
  self->figures = (TroupeThreadFigures){
    .id = self->id, .queue = -1, .taken = -1, .utilization = -1, .heap_used_bytes = -1, .heap_total_bytes = -1,
  };
  g_ptr_array_add (group->members, self);
  return self;
}

void
troupe_thread_member_free (TroupeThreadMember *self)
{
  if (self == NULL)
    return;
  if (!self->has_ended)
    troupe_thread_member_end (self);
  troupe_thread_group_unref (self->group);
  g_free (self);
}

gboolean
troupe_thread_member_create (TroupeThreadMember *self, const TroupeThreadLaunch *launch, GError **error)
{
  g_return_val_if_fail (self->group->is_ready, FALSE);

  return troupe_thread_host_create (self->group->host, self->id, launch, error);
}

void
troupe_thread_member_adopt (TroupeThreadMember *self, gboolean is_online)
{
  self->is_online = is_online;
  self->awaits_list = TRUE;
}

pid_t
troupe_thread_member_get_host_pid (TroupeThreadMember *self)
{
  return self->group->pid;
}

void
troupe_thread_member_stop (TroupeThreadMember *self)
{
  if (self->group->host != NULL && !self->has_ended)
    troupe_thread_host_stop (self->group->host, self->id);
}

void
troupe_thread_member_terminate (TroupeThreadMember *self)
{
  if (self->group->host != NULL && !self->has_ended)
    troupe_thread_host_terminate (self->group->host, self->id);
}

void
troupe_thread_member_set_overdue (TroupeThreadMember *self)
{
  self->is_overdue = TRUE;
  if (!self->has_ended)
    troupe_thread_group_check_stuck (self->group);
}

void
troupe_thread_member_kill_host (TroupeThreadMember *self)
{
  TroupeThreadGroup *group = self->group;

  if (self->has_ended)
    return;
  g_free (group->kill_reason);
  group->kill_reason = g_strdup_printf ("to end %s", self->name);
  group->handler->kill_wanted (group, group->user_data);
}

char *
troupe_thread_member_dup_others (TroupeThreadMember *self)
{
  g_autoptr (GString) names = g_string_new (NULL);
  GPtrArray *members = self->group->members;
  guint n_left = members->len - !self->has_ended, n_named = 0;

  for (guint i = 0; i < members->len && n_named < OTHERS_NAMED; i++)
    {
      TroupeThreadMember *other = g_ptr_array_index (members, i);

      if (other == self)
        continue;
      g_string_append_printf (names, "%s%s", n_named == 0 ? "" : n_left == 1 ? " and " : ", ", other->name);
      n_named++;
      n_left--;
    }
  if (n_left > 0)
    g_string_append_printf (names, " and %u more", n_left);
  return names->len > 0 ? g_string_free (g_steal_pointer (&names), FALSE) : NULL;
}

gboolean
troupe_thread_member_take_figures (TroupeThreadMember *self, TroupeThreadFigures *figures)
{
  if (!self->has_figures)
    return FALSE;
  self->has_figures = FALSE;
  *figures = self->figures;
  return TRUE;
}
