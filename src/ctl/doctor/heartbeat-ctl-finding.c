/* SPDX-License-Identifier: MIT */

#include "ctl/doctor/heartbeat-ctl-finding.h"

#include <string.h>

#include "base/heartbeat-i18n.h"
#include "base/heartbeat-text.h"
#include "ctl/print/heartbeat-ctl-text.h"

/* "    → " */
#define ADVICE_INDENT 6

/* By verdict. The nicks are what `--json` prints. */
static const struct
{
  const char *nick;
  const char *mark;
  const char *colour;
} looks[] = {
  [HEARTBEAT_CTL_VERDICT_OK] = { "ok", "✓", "\033[32m" },
  [HEARTBEAT_CTL_VERDICT_WARNING] = { "warning", "!", "\033[33m" },
  [HEARTBEAT_CTL_VERDICT_FAILED] = { "failed", "✗", "\033[31m" },
  [HEARTBEAT_CTL_VERDICT_SKIPPED] = { "skipped", "–", "\033[2m" },
};

/**
 * heartbeat_ctl_finding_new:
 * @check: what is looked at, for programs; static
 * @title: the same for people; static
 * @broker: (nullable): the broker that it is about
 *
 * Returns: (transfer full): a finding that says nothing yet
 */
HeartbeatCtlFinding *
heartbeat_ctl_finding_new (const char *check, const char *title, const char *broker)
{
  HeartbeatCtlFinding *self = g_new0 (HeartbeatCtlFinding, 1);

  self->check = check;
  self->title = title;
  self->broker = g_strdup (broker);
  self->message = g_strdup ("");
  return self;
}

void
heartbeat_ctl_finding_free (HeartbeatCtlFinding *self)
{
  g_free (self->broker);
  g_free (self->message);
  g_free (self->advice);
  g_free (self);
}

/**
 * heartbeat_ctl_finding_set:
 * @self: a finding
 * @verdict: what came of it
 * @format: what was found
 * @...: what @format asks for
 */
void
heartbeat_ctl_finding_set (HeartbeatCtlFinding *self,
                           HeartbeatCtlVerdict verdict,
                           const char *format,
                           ...)
{
  va_list args;

  self->verdict = verdict;
  g_free (self->message);
  va_start (args, format);
  self->message = g_strdup_vprintf (format, args);
  va_end (args);
}

/**
 * heartbeat_ctl_finding_advise:
 * @self: a finding
 * @format: what to do
 * @...: what @format asks for
 */
void
heartbeat_ctl_finding_advise (HeartbeatCtlFinding *self, const char *format, ...)
{
  va_list args;

  g_free (self->advice);
  va_start (args, format);
  self->advice = g_strdup_vprintf (format, args);
  va_end (args);
}

/**
 * heartbeat_ctl_findings_are_good:
 * @findings: (element-type HeartbeatCtlFinding): what was found
 *
 * Returns: whether nothing has failed
 */
gboolean
heartbeat_ctl_findings_are_good (GPtrArray *findings)
{
  for (guint i = 0; i < findings->len; i++)
    {
      const HeartbeatCtlFinding *finding = g_ptr_array_index (findings, i);

      if (finding->verdict == HEARTBEAT_CTL_VERDICT_FAILED)
        return FALSE;
    }
  return TRUE;
}

/* Where the messages begin. */
static guint
measure_titles (GPtrArray *findings)
{
  guint widest = 0;

  for (guint i = 0; i < findings->len; i++)
    {
      const HeartbeatCtlFinding *finding = g_ptr_array_index (findings, i);

      widest = MAX (widest, heartbeat_ctl_text_width (finding->title));
    }
  return strlen ("x ") + widest + strlen ("  ");
}

static void
append_finding (GString *text,
                const HeartbeatCtlFinding *finding,
                guint indent,
                guint width,
                gboolean coloured)
{
  const char *mark = looks[finding->verdict].mark;
  g_autofree char *message = heartbeat_text_to_line (finding->message);
  g_autofree char *lines = heartbeat_ctl_text_wrap (message, indent, width);
  g_autofree char *advice = NULL;

  if (coloured)
    g_string_append_printf (text, "%s%s\033[0m ", looks[finding->verdict].colour, mark);
  else
    g_string_append_printf (text, "%s ", mark);
  g_string_append_printf (
      text, "%s%*s%s\n", finding->title,
      (int) (indent - strlen ("x ") - heartbeat_ctl_text_width (finding->title)), "", lines);
  if (finding->advice == NULL)
    return;
  advice = heartbeat_text_to_line (finding->advice);
  g_free (g_steal_pointer (&lines));
  lines = heartbeat_ctl_text_wrap (advice, ADVICE_INDENT, width);
  g_string_append_printf (text, "    → %s\n", lines);
}

/**
 * heartbeat_ctl_findings_to_string:
 * @findings: (element-type HeartbeatCtlFinding): what was found
 * @width: how wide a line may be, 0 for any
 * @coloured: whether the marks have colours
 *
 * Returns: (transfer full): a line for each, and one below it with the advice; more where they are longer than that
 */
char *
heartbeat_ctl_findings_to_string (GPtrArray *findings, guint width, gboolean coloured)
{
  GString *text = g_string_new (NULL);
  guint indent = measure_titles (findings);

  for (guint i = 0; i < findings->len; i++)
    append_finding (text, g_ptr_array_index (findings, i), indent, width, coloured);
  return g_string_free (text, FALSE);
}

static void
add_string (JsonBuilder *builder, const char *name, const char *value)
{
  g_autofree char *valid = value != NULL ? heartbeat_text_dup_valid (value) : NULL;

  json_builder_set_member_name (builder, name);
  if (valid != NULL)
    json_builder_add_string_value (builder, valid);
  else
    json_builder_add_null_value (builder);
}

/**
 * heartbeat_ctl_findings_add_json:
 * @findings: (element-type HeartbeatCtlFinding): what was found
 * @builder: where a value is expected
 *
 * Adds an array of `{"check", "broker", "status", "message", "advice"}`.
 */
void
heartbeat_ctl_findings_add_json (GPtrArray *findings, JsonBuilder *builder)
{
  json_builder_begin_array (builder);
  for (guint i = 0; i < findings->len; i++)
    {
      const HeartbeatCtlFinding *finding = g_ptr_array_index (findings, i);

      json_builder_begin_object (builder);
      add_string (builder, "check", finding->check);
      add_string (builder, "broker", finding->broker);
      add_string (builder, "status", looks[finding->verdict].nick);
      add_string (builder, "message", finding->message);
      add_string (builder, "advice", finding->advice);
      json_builder_end_object (builder);
    }
  json_builder_end_array (builder);
}
