/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* Chooses how GTK draws. */

#include "config.h"

#include "application/drawing.h"

#include <gtk/gtk.h>
#include <string.h>

/* GTK before 4.16 listens to the first, later ones to the second. */
static const char *const variables[][2] = {
  { "GDK_DEBUG", "gl-disable" },
  { "GDK_DISABLE", "gl,vulkan" },
};

static gboolean chosen;
static const char *const renderer_variable = "GSK_RENDERER";

/* A card that can draw has a render node; a plain frame buffer and llvmpipe have none. */
static gboolean
have_graphics_card (void)
{
  g_autoptr (GDir) dir = g_dir_open ("/dev/dri", 0, NULL);
  const char *name;

  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL)
    if (g_str_has_prefix (name, "renderD"))
      return TRUE;
  /* NVIDIA's own driver before it made nodes in /dev/dri. */
  return g_file_test ("/dev/nvidiactl", G_FILE_TEST_EXISTS);
}

static gboolean
software_is_forced (void)
{
  const char *value = g_getenv ("LIBGL_ALWAYS_SOFTWARE");

  return value != NULL && (strcmp (value, "1") == 0 || strcmp (value, "true") == 0);
}

void
troupe_drawing_choose (void)
{
  static const char *const choices[] = { "GSK_RENDERER", "GDK_DEBUG", "GDK_DISABLE", "GDK_GL" };

  for (gsize i = 0; i < G_N_ELEMENTS (choices); i++)
    if (g_getenv (choices[i]) != NULL)
      return;
  if (have_graphics_card () && !software_is_forced ())
    return;
  chosen = TRUE;
  g_setenv (renderer_variable, "cairo", TRUE);
  g_setenv (variables[gtk_get_minor_version () >= 16][0], variables[gtk_get_minor_version () >= 16][1], TRUE);
}

/* GSK reads its variable when it makes its first renderer, and remembers. */
static void
make_first_renderer (void)
{
  GdkDisplay *display = gdk_display_get_default ();
  GdkSurface *surface = display != NULL ? gdk_surface_new_toplevel (display) : NULL;
  g_autoptr (GskRenderer) renderer = surface != NULL ? gsk_renderer_new_for_surface (surface) : NULL;

  if (renderer != NULL)
    gsk_renderer_unrealize (renderer);
  if (surface != NULL)
    gdk_surface_destroy (surface);
  g_clear_object (&surface);
}

void
troupe_drawing_forget_environment (void)
{
  if (!chosen)
    return;
  chosen = FALSE;
  make_first_renderer ();
  g_unsetenv (renderer_variable);
  g_unsetenv (variables[gtk_get_minor_version () >= 16][0]);
}
