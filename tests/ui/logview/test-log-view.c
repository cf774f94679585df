/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* The log view in a window on a headless display: what it shows, and where it stands. */

#include "config.h"

#include "log-fixture.h"

#include <adwaita.h>
#include <string.h>

static void
print_colorful (LogFixture *f)
{
  static const char controls[] = "control: \a\0\x7f bad: \xff\xc3( \x1b[2J \x1b]0;title\a tab:\tx\n";

  log_fixture_print (f, "Listening on \033[1;34mhttp://localhost:8080/\033[0m (pid \033[33m4711\033[0m)\n");
  log_fixture_print (f, "12:01:07 \033[32mGET\033[0m /items \033[1m200\033[0m \033[2m4 ms\033[0m\n");
  log_fixture_print (f, "12:01:07 \033[32mGET\033[0m /items/7 \033[1m200\033[0m \033[2m2 ms\033[0m\n");
  log_fixture_error (f, "\033[31mTypeError: cannot read properties of undefined (reading 'name')\033[0m\n");
  log_fixture_error (f, "    at Object.<anonymous> (/srv/shop/server.js:12:9)\n");
  for (int i = 0; i < 16; i++)
    log_fixture_print (f, "%scolour %2d \033[38;5;%dmforeground\033[0m \033[48;5;%dm background \033[0m \033[7;38;5;%dm reverse \033[0m"
                          " \033[1;38;5;%dmbold\033[0m \033[3;4;38;5;%dmitalic underlined\033[0m \033[9mstruck\033[0m\n",
                       "", i, i, i, i, i, i);
  log_fixture_print (f, "\033[38;2;255;250;205mlemon on default\033[0m \033[38;5;232mnearly black\033[0m \033[38;5;255mnearly white\033[0m\n");
  log_fixture_print (f, "Unicode: äöü ß é é 日本語 한국어 ✓ ✖ → 🎉 👩‍💻 │├─┤█▓▒░ العربية हिन्दी ไทย\n");
  log_fixture_append (f, TROUPE_STREAM_STDOUT, TROUPE_RECORD_DATA, controls, sizeof controls - 1);
  log_fixture_print (f, "progress 10%%\rprogress 50%%\rprogress 100%% done\n");
  log_fixture_print (f, "┌──────┬──────┐\n│ left │ right│\n└──────┴──────┘\n");
}

static void
test_pictures (void)
{
  LogFixture f;
  int width;
  int height;
  g_autofree guint32 *light = NULL;
  g_autofree guint32 *dark = NULL;

  log_fixture_init_journal (&f, 0, 0);
  print_colorful (&f);
  log_fixture_append (&f, TROUPE_STREAM_EVENTS, TROUPE_RECORD_EVENT, "{\"event\":\"exit\",\"code\":1}\n", 26);
  log_fixture_append (&f, TROUPE_STREAM_MESSAGES, TROUPE_RECORD_SENT, "{\"cmd\":\"ping\"}\n", 15);
  log_fixture_append (&f, TROUPE_STREAM_MESSAGES, TROUPE_RECORD_RECEIVED, "{\"cmd\":\"pong\"}\n", 15);
  log_fixture_show (&f, 1000, 640);
  troupe_log_view_set_streams (f.view, TROUPE_STREAM_MASK_ALL);
  troupe_log_view_set_time_stamps (f.view, TROUPE_LOG_TIMES_CLOCK);
  adw_style_manager_set_color_scheme (adw_style_manager_get_default (), ADW_COLOR_SCHEME_FORCE_LIGHT);
  light = log_fixture_render (&f, "light", &width, &height);
  adw_style_manager_set_color_scheme (adw_style_manager_get_default (), ADW_COLOR_SCHEME_FORCE_DARK);
  dark = log_fixture_render (&f, "dark", &width, &height);
  g_assert_cmpint (memcmp (light, dark, (gsize) width * height * 4), !=, 0);
  log_fixture_clear (&f);
}

int
main (int argc, char **argv)
{
  /* Keeps what widgets say about themselves, without a bus. */
  g_setenv ("GTK_A11Y", "test", TRUE);
  gtk_test_init (&argc, &argv, NULL);
  adw_init ();
  g_test_add_func ("/logview/pictures", test_pictures);
  return g_test_run ();
}
