/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* Addresses as people and browsers read them. */

#include "config.h"

#include "client/address.h"

#include <string.h>

/* The part after "tcp:" or "udp:"; NULL for anything else. */
static const char *
skip_scheme (const char *address, const char *scheme)
{
  return g_str_has_prefix (address, scheme) ? address + strlen (scheme) : NULL;
}

/* A port alone means every address. */
static gboolean
is_port (const char *text)
{
  return text[0] != '\0' && text[strspn (text, "0123456789")] == '\0';
}

/* With something one can connect to in place of "every address". */
static char *
dup_reachable (const char *inet)
{
  static const char *const any[] = { "0.0.0.0:", "[::]:", "*:" };

  if (is_port (inet))
    return g_strconcat ("localhost:", inet, NULL);
  for (gsize i = 0; i < G_N_ELEMENTS (any); i++)
    if (g_str_has_prefix (inet, any[i]))
      return g_strconcat ("localhost:", inet + strlen (any[i]), NULL);
  return g_strdup (inet);
}

char *
troupe_address_dup_label (const char *address)
{
  const char *tcp = skip_scheme (address, "tcp:"), *udp = skip_scheme (address, "udp:");
  const char *path = skip_scheme (address, "unix:");

  if (tcp != NULL)
    return g_strconcat (is_port (tcp) ? "*:" : "", tcp, NULL);
  if (udp != NULL)
    return g_strconcat (is_port (udp) ? "udp *:" : "udp ", udp, NULL);
  return g_strdup (path != NULL ? path : address);
}

char *
troupe_address_dup_plain (const char *address)
{
  const char *tcp = skip_scheme (address, "tcp:"), *udp = skip_scheme (address, "udp:");
  const char *path = skip_scheme (address, "unix:");

  if (tcp != NULL || udp != NULL)
    return dup_reachable (tcp != NULL ? tcp : udp);
  return g_strdup (path != NULL ? path : address);
}

char *
troupe_address_dup_uri (const char *address)
{
  const char *tcp = skip_scheme (address, "tcp:");
  g_autofree char *reachable = tcp != NULL ? dup_reachable (tcp) : NULL;
  gboolean is_secure;

  /* Port 0 is not bound yet. */
  if (reachable == NULL || g_str_has_suffix (reachable, ":0"))
    return NULL;
  is_secure = g_str_has_suffix (reachable, ":443") || g_str_has_suffix (reachable, ":8443");
  return g_strconcat (is_secure ? "https://" : "http://", reachable, "/", NULL);
}
