/* SPDX-License-Identifier: MIT */

#include "config/heartbeat-config-edit.h"

#include <string.h>

#include "json/heartbeat-json-edit.h"
#include "json/heartbeat-json.h"

static const char *const root_path[] = { NULL };
static const char *const paused_path[] = { "paused", NULL };

/**
 * heartbeat_config_edit_new:
 * @kind: what is wanted
 * @check: the name of a check, or `*`
 *
 * Returns: (transfer full): an edit
 */
HeartbeatConfigEdit *
heartbeat_config_edit_new (HeartbeatConfigEditKind kind, const char *check)
{
  HeartbeatConfigEdit *edit = NULL;

  g_return_val_if_fail (check != NULL, NULL);

  edit = g_new0 (HeartbeatConfigEdit, 1);
  edit->kind = kind;
  edit->check = g_strdup (check);
  edit->reason = g_strdup ("");
  return edit;
}

void
heartbeat_config_edit_free (HeartbeatConfigEdit *edit)
{
  g_return_if_fail (edit != NULL);

  g_free (edit->check);
  g_free (edit->reason);
  g_free (edit);
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
pause_value (const HeartbeatConfigEdit *edit)
{
  g_autofree char *reason = heartbeat_json_quote (edit->reason);

  if (edit->until == 0 && *edit->reason == '\0')
    return g_strdup ("true");
  if (edit->until == 0)
    return g_strdup_printf ("{\"reason\": %s}", reason);
  if (*edit->reason == '\0')
    return g_strdup_printf ("{\"until\": %" G_GINT64_FORMAT "}", edit->until);
  return g_strdup_printf ("{\"until\": %" G_GINT64_FORMAT ", \"reason\": %s}", edit->until, reason);
}

static GBytes *
pause_check (GBytes *text, const HeartbeatConfigEdit *edit, GError **error)
{
  g_autofree char *value = pause_value (edit);
  g_autoptr (GBytes) with_paused = NULL;

  if (has_paused (text))
    return heartbeat_json_edit_set_member (text, paused_path, edit->check, value, error);
  with_paused = heartbeat_json_edit_set_member (text, root_path, "paused", "{}", error);
  if (with_paused == NULL)
    return NULL;
  return heartbeat_json_edit_set_member (with_paused, paused_path, edit->check, value, error);
}

static GBytes *
resume_check (GBytes *text, const HeartbeatConfigEdit *edit, GError **error)
{
  if (!has_paused (text))
    return g_bytes_ref (text);
  return heartbeat_json_edit_remove_member (text, paused_path, edit->check, error);
}

static GBytes *
set_enabled (GBytes *text, const HeartbeatConfigEdit *edit, GError **error)
{
  const char *const path[] = { "checks", edit->check, NULL };

  return heartbeat_json_edit_set_member (
      text, path, "enabled", edit->kind == HEARTBEAT_CONFIG_EDIT_ENABLE ? "true" : "false", error);
}

/**
 * heartbeat_config_edit_apply:
 * @text: the text of heartbeat.json
 * @edit: a #HeartbeatConfigEdit
 * @error: return location for a #HeartbeatError
 *
 * A #HeartbeatStorageEditFunc: it touches no member but the one in question.
 *
 * Returns: (transfer full): the changed text
 */
GBytes *
heartbeat_config_edit_apply (GBytes *text, gconstpointer edit, GError **error)
{
  const HeartbeatConfigEdit *self = edit;

  g_return_val_if_fail (text != NULL, NULL);
  g_return_val_if_fail (edit != NULL, NULL);

  switch (self->kind)
    {
    case HEARTBEAT_CONFIG_EDIT_PAUSE:
      return pause_check (text, self, error);
    case HEARTBEAT_CONFIG_EDIT_RESUME:
      return resume_check (text, self, error);
    default:
      return set_enabled (text, self, error);
    }
}
