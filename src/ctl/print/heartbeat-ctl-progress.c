/* SPDX-License-Identifier: MIT */

#include "ctl/print/heartbeat-ctl-progress.h"

#include <unistd.h>

#include "base/heartbeat-i18n.h"
#include "base/heartbeat-text.h"
#include "ctl/print/heartbeat-ctl-text.h"

/* A name that wraps could not be drawn over. */
#define MAX_NAME 40

/**
 * HeartbeatCtlProgress:
 *
 * A line on the terminal that shows for how many seconds a check has been running. Without a terminal on standard error it does
 * nothing.
 */
struct _HeartbeatCtlProgress
{
  char *check;
  gint64 started; /* monotonic; 0 before the run begins */
  guint timer;
};

static void
draw (HeartbeatCtlProgress *self)
{
  /* rounded, since the timer may be a bit early */
  guint seconds = (g_get_monotonic_time () - self->started + G_USEC_PER_SEC / 2) / G_USEC_PER_SEC;
  /* Translators: a check runs since so many seconds */
  g_autofree char *text = self->started != 0
                              ? g_strdup_printf (_ ("%s runs: %u s"), self->check, seconds)
                              : g_strdup_printf (_ ("%s: asking the service…"), self->check);

  /* ECMA-48: go to the start of the line and erase it */
  g_printerr ("\r\033[K%s", text);
}

static gboolean
on_second (gpointer user_data)
{
  draw (user_data);
  return G_SOURCE_CONTINUE;
}

/**
 * heartbeat_ctl_progress_new:
 * @check: the check that is to run
 *
 * Returns: (transfer full): the line, redrawn every second by the main loop
 */
HeartbeatCtlProgress *
heartbeat_ctl_progress_new (const char *check)
{
  HeartbeatCtlProgress *self = NULL;
  g_autofree char *line = NULL;

  g_return_val_if_fail (check != NULL, NULL);

  self = g_new0 (HeartbeatCtlProgress, 1);
  line = heartbeat_text_to_line (check);
  self->check = heartbeat_ctl_text_cut (line, MAX_NAME);
  if (!isatty (STDERR_FILENO))
    return self;
  self->timer = g_timeout_add (1000, on_second, self);
  draw (self);
  return self;
}

/**
 * heartbeat_ctl_progress_free:
 * @self: a line
 *
 * Erases the line.
 */
void
heartbeat_ctl_progress_free (HeartbeatCtlProgress *self)
{
  if (self->timer != 0)
    {
      g_source_remove (self->timer);
      g_printerr ("\r\033[K");
    }
  g_free (self->check);
  g_free (self);
}

/**
 * heartbeat_ctl_progress_begin:
 * @self: a line
 *
 * The run has begun.
 */
void
heartbeat_ctl_progress_begin (HeartbeatCtlProgress *self)
{
  g_return_if_fail (self != NULL);

  self->started = g_get_monotonic_time ();
  if (self->timer == 0)
    return;
  g_source_remove (self->timer);
  self->timer = g_timeout_add (1000, on_second, self);
  draw (self);
}
