/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* Loads modules with GModule.
 *
 * The dynamic linker takes a file of the same name for the same library, even when another has taken its place:
 * after a rebuild, a rolling reload would go on with the old code for ever. By another
 * name it looks at the file itself, so a replaced "/dir/x.so" is loaded as "/dir/./x.so". The
 * names and who uses them are in one table under one lock. */

#include "config.h"

#include "threads/native/native-module.h"

#include <errno.h>
#include <gio/gio.h>
#include <gmodule.h>
#include <sys/stat.h>

#define ENTRY_NAME "troupe_worker_module"
/* Files that took each other's place while threads ran the one before. */
#define REPLACED_MAX 64

/* One file under one name. */
typedef struct
{
  char *file;   /* (owned): as it was asked for */
  guint number; /* how many "./" its name has */
  dev_t device;
  ino_t inode;
  guint users;
} Loaded;

struct _NativeModule
{
  Loaded *loaded; /* (unowned) */
  GModule *module;
  const TroupeWorkerModule *entry;
};

static GMutex lock;
static GList *all_loaded; /* of (owned) Loaded */

/* Who uses FILE as it lies there now. With the lock held. Returns: (nullable): NULL when too many others do. */
static Loaded *
use_file (const char *file, const struct stat *status)
{
  Loaded *loaded;
  gboolean taken[REPLACED_MAX] = { FALSE };
  guint number = 0;

  for (GList *l = all_loaded; l != NULL; l = l->next)
    {
      loaded = l->data;
      if (!g_str_equal (loaded->file, file))
        continue;
      if (loaded->device == status->st_dev && loaded->inode == status->st_ino)
        {
          loaded->users++;
          return loaded;
        }
      taken[loaded->number] = TRUE;
    }
  while (number < REPLACED_MAX && taken[number])
    number++;
  if (number == REPLACED_MAX)
    return NULL;
  loaded = g_new0 (Loaded, 1);
  loaded->file = g_strdup (file);
  loaded->number = number;
  loaded->device = status->st_dev;
  loaded->inode = status->st_ino;
  loaded->users = 1;
  all_loaded = g_list_prepend (all_loaded, loaded);
  return loaded;
}

static void
leave_file (Loaded *loaded)
{
  g_mutex_lock (&lock);
  if (--loaded->users == 0)
    {
      all_loaded = g_list_remove (all_loaded, loaded);
      g_free (loaded->file);
      g_free (loaded);
    }
  g_mutex_unlock (&lock);
}

static char *
dup_name (const Loaded *loaded)
{
  g_autofree char *folder = g_path_get_dirname (loaded->file);
  g_autofree char *base = g_path_get_basename (loaded->file);
  g_autoptr (GString) name = g_string_new (folder);

  g_string_append_c (name, '/');
  for (guint i = 0; i < loaded->number; i++)
    g_string_append (name, "./");
  g_string_append (name, base);
  return g_strdup (name->str);
}

static Loaded *
find_file (const char *file, GError **error)
{
  struct stat status;
  Loaded *loaded;

  if (stat (file, &status) < 0)
    {
      int saved_errno = errno;

      g_set_error (error, G_IO_ERROR, g_io_error_from_errno (saved_errno), "Could not find the module %s: %s", file,
                   g_strerror (saved_errno));
      return NULL;
    }
  if (!S_ISREG (status.st_mode))
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_REGULAR_FILE, "%s is no module: it is not a file", file);
      return NULL;
    }
  g_mutex_lock (&lock);
  loaded = use_file (file, &status);
  g_mutex_unlock (&lock);
  if (loaded == NULL)
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_BUSY,
                 "%s was replaced %d times while threads still run what it was before; restart the program", file,
                 REPLACED_MAX);
  return loaded;
}

static gboolean
find_entry (NativeModule *self, const char *file, GError **error)
{
  gpointer symbol;

  if (!g_module_symbol (self->module, ENTRY_NAME, &symbol) || symbol == NULL)
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND,
                   "%s has no entry point “" ENTRY_NAME "”: a module needs TROUPE_WORKER_MODULE (…) of troupe-worker.h",
                   file);
      return FALSE;
    }
  self->entry = symbol;
  if (self->entry->abi != TROUPE_WORKER_ABI)
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED,
                   "%s was built for version %u of troupe-worker.h, but version %d is expected: build it anew", file,
                   self->entry->abi, TROUPE_WORKER_ABI);
      return FALSE;
    }
  if (self->entry->size < sizeof (TroupeWorkerModule) || self->entry->run == NULL)
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA, "%s has an entry point without a function", file);
      return FALSE;
    }
  return TRUE;
}

NativeModule *
native_module_open (const char *file, GError **error)
{
  NativeModule *self;
  g_autofree char *name = NULL;
  Loaded *loaded = find_file (file, error);

  if (loaded == NULL)
    return NULL;
  self = g_new0 (NativeModule, 1);
  self->loaded = loaded;
  name = dup_name (loaded);
  /* Bound at once: a function that is missing is named here, and not the end of the process later. */
  self->module = g_module_open_full (name, G_MODULE_BIND_LOCAL, error);
  if (self->module == NULL)
    g_prefix_error (error, "Could not load the module: ");
  else if (find_entry (self, file, error))
    return self;
  native_module_close (self);
  return NULL;
}

void
native_module_close (NativeModule *self)
{
  if (self->module != NULL)
    g_module_close (self->module);
  leave_file (self->loaded);
  g_free (self);
}

const TroupeWorkerModule *
native_module_get_entry (NativeModule *self)
{
  return self->entry;
}
