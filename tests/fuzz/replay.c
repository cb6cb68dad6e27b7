/* SPDX-License-Identifier: MIT */

/* Feeds every file of a corpus to a fuzz target that was built without libFuzzer, with any compiler. */

#include <glib.h>
#include <stdio.h>
#include <string.h>

#include "fuzz.h"

static int
compare_names (gconstpointer a, gconstpointer b)
{
  const char *const *left = a, *const *right = b;

  return strcmp (*left, *right);
}

static GPtrArray *
list_files (const char *folder)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GDir) dir = g_dir_open (folder, 0, &error);
  GPtrArray *files = g_ptr_array_new_with_free_func (g_free);
  const char *name;

  g_assert_no_error (error);
  while ((name = g_dir_read_name (dir)) != NULL)
    g_ptr_array_add (files, g_build_filename (folder, name, NULL));
  g_ptr_array_sort (files, compare_names);
  return files;
}

/* In a block of its exact size, so that a sanitizer sees who reads past its end. */
static void
feed (const char *file)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *content = NULL;
  g_autofree uint8_t *data = NULL;
  gsize size = 0;

  g_file_get_contents (file, &content, &size, &error);
  g_assert_no_error (error);
  data = g_malloc (MAX (size, 1));
  memcpy (data, content, size);
  LLVMFuzzerTestOneInput (data, size);
}

int
main (int argc, char *argv[])
{
  g_autoptr (GPtrArray) files = NULL;

  if (argc != 2)
    {
      fprintf (stderr, "Usage: %s FOLDER\n", argv[0]);
      return 2;
    }
  files = list_files (argv[1]);
  printf ("1..%u\n", files->len);
  for (guint i = 0; i < files->len; i++)
    {
      g_autofree char *name = g_path_get_basename (g_ptr_array_index (files, i));

      /* Before it is fed: it may be the last thing that this program says. */
      printf ("# %s\n", name);
      fflush (stdout);
      feed (g_ptr_array_index (files, i));
      printf ("ok %u - %s\n", i + 1, name);
    }
  return files->len > 0 ? 0 : 1;
}
