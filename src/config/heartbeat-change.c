/* SPDX-License-Identifier: MIT */

#include "config/heartbeat-change.h"

#include <string.h>

#include "json/heartbeat-edit.h"
#include "json/heartbeat-json.h"

static const char *const root_path[] = { NULL };
static const char *const paused_path[] = { "paused", NULL };

/**
 * heartbeat_change_new:
 * @kind: what is wanted
 * @check: the name of a check, or `*`
 *
 * Returns: (transfer full): a change
 */
HeartbeatChange *
heartbeat_change_new (HeartbeatChangeKind kind, const char *check)
{
  HeartbeatChange *change = g_new0 (HeartbeatChange, 1);

  change->kind = kind;
  change->check = g_strdup (check);
  change->reason = g_strdup ("");
  return change;
}

void
heartbeat_change_free (HeartbeatChange *change)
{
  g_free (change->check);
  g_free (change->reason);
  g_free (change);
}

static gboolean
has_paused (GBytes *text)
{
  gsize length;
  const char *data = g_bytes_get_data (text, &length);
  HeartbeatJson root, paused;

  return heartbeat_json_scan (data, length, HEARTBEAT_JSON_ALLOW_BOM, &root, NULL)
         && heartbeat_json_is_object (&root)
         && heartbeat_json_get_member (&root, "paused", &paused);
}

static char *
pause_value (const HeartbeatChange *change)
{
  g_autofree char *reason = heartbeat_json_quote (change->reason);

  if (change->until == 0 && *change->reason == '\0')
    return g_strdup ("true");
  if (change->until == 0)
    return g_strdup_printf ("{\"reason\": %s}", reason);
  if (*change->reason == '\0')
    return g_strdup_printf ("{\"until\": %" G_GINT64_FORMAT "}", change->until);
  return g_strdup_printf ("{\"until\": %" G_GINT64_FORMAT ", \"reason\": %s}", change->until,
                          reason);
}

static GBytes *
pause_check (GBytes *text, const HeartbeatChange *change, GError **error)
{
  g_autofree char *value = pause_value (change);
  g_autoptr (GBytes) with_paused = NULL;

  if (has_paused (text))
    return heartbeat_edit_set_member (text, paused_path, change->check, value, error);
  with_paused = heartbeat_edit_set_member (text, root_path, "paused", "{}", error);
  if (with_paused == NULL)
    return NULL;
  return heartbeat_edit_set_member (with_paused, paused_path, change->check, value, error);
}

static GBytes *
resume_check (GBytes *text, const HeartbeatChange *change, GError **error)
{
  if (!has_paused (text))
    return g_bytes_ref (text);
  return heartbeat_edit_remove_member (text, paused_path, change->check, error);
}

static GBytes *
set_enabled (GBytes *text, const HeartbeatChange *change, GError **error)
{
  const char *const path[] = { "checks", change->check, NULL };

  return heartbeat_edit_set_member (text, path, "enabled",
                                    change->kind == HEARTBEAT_CHANGE_ENABLE ? "true" : "false",
                                    error);
}

/**
 * heartbeat_change_apply:
 * @text: the text of heartbeat.json
 * @change: a #HeartbeatChange
 * @error: return location for a #HeartbeatError
 *
 * A #HeartbeatEdit: only the member that means the change is touched.
 *
 * Returns: (transfer full): the changed text
 */
GBytes *
heartbeat_change_apply (GBytes *text, gconstpointer change, GError **error)
{
  const HeartbeatChange *self = change;

  switch (self->kind)
    {
    case HEARTBEAT_CHANGE_PAUSE:
      return pause_check (text, self, error);
    case HEARTBEAT_CHANGE_RESUME:
      return resume_check (text, self, error);
    default:
      return set_enabled (text, self, error);
    }
}
