/* SPDX-License-Identifier: MIT */

#include "config/heartbeat-loader.h"

#include "base/heartbeat-error.h"

#define REREAD_DELAY_MS 1000

/**
 * HeartbeatLoader:
 *
 * Keeps what is in force what heartbeat.json says: reads it when it has changed, and once more a second later where the
 * text is no JSON, or the file has gone, since somebody may be writing or replacing it.
 */
struct _HeartbeatLoader
{
  GObject parent_instance;

  HeartbeatFile *file;
  GFileMonitor *monitor;
  HeartbeatLoaderFunc func; /* NULL once it has stopped */
  gpointer user_data;
  gboolean busy;
  gboolean again;     /* somebody asked for what the load under way may have missed */
  gboolean missed;    /* the file changed during the load under way */
  gboolean was_good;  /* what was read last */
  gboolean rereading; /* the second look at a text that is no JSON, or a file that is not there */
  GSource *reread_timer;
  GPtrArray *waiters; /* of GTask */
};

G_DEFINE_FINAL_TYPE (HeartbeatLoader, heartbeat_loader, G_TYPE_OBJECT)

static void
heartbeat_loader_dispose (GObject *object)
{
  heartbeat_loader_stop (HEARTBEAT_LOADER (object));
  G_OBJECT_CLASS (heartbeat_loader_parent_class)->dispose (object);
}

static void
heartbeat_loader_finalize (GObject *object)
{
  HeartbeatLoader *self = HEARTBEAT_LOADER (object);

  g_ptr_array_unref (self->waiters);
  g_clear_object (&self->file);
  G_OBJECT_CLASS (heartbeat_loader_parent_class)->finalize (object);
}

static void
heartbeat_loader_class_init (HeartbeatLoaderClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->dispose = heartbeat_loader_dispose;
  object_class->finalize = heartbeat_loader_finalize;
}

static void
heartbeat_loader_init (HeartbeatLoader *self)
{
  self->waiters = g_ptr_array_new_with_free_func (g_object_unref);
}

static void
on_file_event (HeartbeatLoader *self)
{
  self->missed = self->busy;
  if (!self->busy && !heartbeat_file_is_current (self->file, HEARTBEAT_FILE_NOW))
    heartbeat_loader_refresh (self);
}

/* Where the system cannot watch the file, each tick still looks at it. */
static void
watch_file (HeartbeatLoader *self)
{
  g_autoptr (GFile) file = g_file_new_for_path (heartbeat_file_get_path (self->file));

  self->monitor = g_file_monitor_file (file, G_FILE_MONITOR_WATCH_MOVES, NULL, NULL);
  if (self->monitor != NULL)
    g_signal_connect_swapped (self->monitor, "changed", G_CALLBACK (on_file_event), self);
}

/**
 * heartbeat_loader_new:
 * @file: a file
 * @func: called each time when it was read
 * @user_data: passed to @func
 *
 * Returns: (transfer full): a loader that has not read the file yet
 */
HeartbeatLoader *
heartbeat_loader_new (HeartbeatFile *file, HeartbeatLoaderFunc func, gpointer user_data)
{
  HeartbeatLoader *self = g_object_new (HEARTBEAT_TYPE_LOADER, NULL);

  self->file = g_object_ref (file);
  self->func = func;
  self->user_data = user_data;
  watch_file (self);
  return self;
}

static void
answer_waiters (HeartbeatLoader *self)
{
  g_autoptr (GPtrArray) waiters = self->waiters;

  self->waiters = g_ptr_array_new_with_free_func (g_object_unref);
  for (guint i = 0; i < waiters->len; i++)
    g_task_return_boolean (g_ptr_array_index (waiters, i), TRUE);
}

/**
 * heartbeat_loader_stop:
 * @self: a loader
 *
 * Calls nobody any more but those who wait, which are told now.
 */
void
heartbeat_loader_stop (HeartbeatLoader *self)
{
  self->func = NULL;
  if (self->reread_timer != NULL)
    g_source_destroy (self->reread_timer);
  g_clear_pointer (&self->reread_timer, g_source_unref);
  if (self->monitor != NULL)
    {
      g_signal_handlers_disconnect_by_data (self->monitor, self);
      g_file_monitor_cancel (self->monitor);
    }
  g_clear_object (&self->monitor);
  answer_waiters (self);
}

/**
 * heartbeat_loader_is_current:
 * @self: a loader
 * @moment: as in heartbeat_file_is_current()
 *
 * Returns: whether what was read last is what the file said at @moment or later
 */
gboolean
heartbeat_loader_is_current (HeartbeatLoader *self, gint64 moment)
{
  return !self->busy && heartbeat_file_is_current (self->file, moment);
}

/**
 * heartbeat_loader_is_busy:
 * @self: a loader
 *
 * Returns: whether the file is being read
 */
gboolean
heartbeat_loader_is_busy (HeartbeatLoader *self)
{
  return self->busy;
}

static void on_loaded (GObject *source, GAsyncResult *result, gpointer user_data);

static void
load (HeartbeatLoader *self)
{
  self->again = FALSE;
  heartbeat_file_load_async (self->file, on_loaded, g_object_ref (self));
}

static gboolean
reread (gpointer user_data)
{
  HeartbeatLoader *self = user_data;

  g_clear_pointer (&self->reread_timer, g_source_unref);
  load (self);
  return G_SOURCE_REMOVE;
}

static void
reread_later (HeartbeatLoader *self)
{
  self->rereading = TRUE;
  self->reread_timer = g_timeout_source_new (REREAD_DELAY_MS);
  g_source_set_static_name (self->reread_timer, "heartbeat second look");
  g_source_set_callback (self->reread_timer, reread, self, NULL);
  g_source_attach (self->reread_timer, g_main_context_get_thread_default ());
}

static void
on_loaded (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (HeartbeatLoader) self = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (HeartbeatConfig) config = heartbeat_file_finish (self->file, result, &error);
  gboolean broken
      = g_error_matches (error, HEARTBEAT_ERROR, HEARTBEAT_ERROR_INVALID_ARGUMENT)
        || (self->was_good && g_error_matches (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND));

  if (self->func == NULL)
    return;
  if (broken && !self->rereading)
    {
      reread_later (self);
      return;
    }
  self->rereading = FALSE;
  if (self->again)
    {
      load (self);
      return;
    }
  self->busy = FALSE;
  self->was_good = config != NULL;
  self->func (config, error, self->user_data);
  answer_waiters (self);
  if (self->missed)
    on_file_event (self);
}

/**
 * heartbeat_loader_refresh:
 * @self: a loader
 *
 * Reads the file, unless that is under way.
 */
void
heartbeat_loader_refresh (HeartbeatLoader *self)
{
  if (self->busy || self->func == NULL)
    return;
  self->busy = TRUE;
  load (self);
}

/**
 * heartbeat_loader_reload_async:
 * @self: a loader
 * @callback: called when the file was read; it calls heartbeat_loader_finish()
 * @user_data: passed to @callback
 *
 * Reads the file as it is now: a load under way may have read it before.
 */
void
heartbeat_loader_reload_async (HeartbeatLoader *self,
                               GAsyncReadyCallback callback,
                               gpointer user_data)
{
  g_autoptr (GTask) task = g_task_new (self, NULL, callback, user_data);

  if (self->func == NULL)
    {
      g_task_return_boolean (task, TRUE);
      return;
    }
  g_ptr_array_add (self->waiters, g_steal_pointer (&task));
  self->again = self->busy && self->reread_timer == NULL;
  heartbeat_loader_refresh (self);
}

/**
 * heartbeat_loader_wait_async:
 * @self: a loader
 * @callback: called when what is in force is what the file says, or cannot be; it calls heartbeat_loader_finish()
 * @user_data: passed to @callback
 *
 * Reads the file if it has changed.
 */
void
heartbeat_loader_wait_async (HeartbeatLoader *self,
                             GAsyncReadyCallback callback,
                             gpointer user_data)
{
  g_autoptr (GTask) task = NULL;

  if (!heartbeat_loader_is_current (self, HEARTBEAT_FILE_NOW))
    {
      heartbeat_loader_reload_async (self, callback, user_data);
      return;
    }
  task = g_task_new (self, NULL, callback, user_data);
  g_task_return_boolean (task, TRUE);
}

void
heartbeat_loader_finish (HeartbeatLoader *self, GAsyncResult *result)
{
  g_task_propagate_boolean (G_TASK (result), NULL);
}
