/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */
#pragma once

#include <gtk/gtk.h>

G_BEGIN_DECLS

/* A bar that says something about what is below it, with buttons for what can be done about it and one that hides
 * it. Slides in and out.
 *
 * Signals: "clicked" (guint button), "closed" when the person hides it. */
#define TROUPE_TYPE_NOTICE (troupe_notice_get_type ())
G_DECLARE_FINAL_TYPE (TroupeNotice, troupe_notice, TROUPE, NOTICE, GtkWidget)

#define TROUPE_NOTICE_BUTTONS 2

typedef enum
{
  TROUPE_NOTICE_INFO,
  TROUPE_NOTICE_PROBLEM,
} TroupeNoticeKind;

GtkWidget *troupe_notice_new (TroupeNoticeKind kind);
/* TEXT: NULL hides it; the words stay while it slides away. */
void troupe_notice_set_text (TroupeNotice *self, const char *text);
/* What it said last. (transfer none) */
const char *troupe_notice_get_text (TroupeNotice *self);
/* BUTTON: 0 to TROUPE_NOTICE_BUTTONS - 1. LABEL: with a mnemonic; NULL: no such button. */
void troupe_notice_set_button (TroupeNotice *self, guint button, const char *label);
/* While what it asked for is under way. */
void troupe_notice_set_busy (TroupeNotice *self, gboolean busy);

G_END_DECLS
