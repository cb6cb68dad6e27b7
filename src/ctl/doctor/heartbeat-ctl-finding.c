/* SPDX-License-Identifier: MIT */

#include "ctl/doctor/heartbeat-ctl-finding.h"

#include <string.h>

#include "base/heartbeat-text.h"
#include "ctl/print/heartbeat-ctl-text.h"

/* "    → " */
#define ADVICE_INDENT 6

/* By verdict; the nicks are for `--json`. */
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
 * @check: the check, for programs; static
 * @title: the same for people; static
 * @broker: (nullable): the broker that it is about
 *
 * Returns: (transfer full): an empty finding
 */
HeartbeatCtlFinding *
heartbeat_ctl_finding_new (const char *check, const char *title, const char *broker)
{
  HeartbeatCtlFinding *self = g_new0 (HeartbeatCtlFinding, 1);

  g_return_val_if_fail (check != NULL, NULL);
  g_return_val_if_fail (title != NULL, NULL);

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

static void
set_text (char **text, const char *format, va_list args)
{
  g_autofree char *made = g_strdup_vprintf (format, args);

  g_free (*text);
  *text = heartbeat_text_dup_valid (made);
}

/**
 * heartbeat_ctl_finding_set:
 * @self: a finding
 * @verdict: the result
 * @format: what was found
 * @...: arguments of @format
 */
void
heartbeat_ctl_finding_set (HeartbeatCtlFinding *self,
                           HeartbeatCtlVerdict verdict,
                           const char *format,
                           ...)
{
  va_list args;

  g_return_if_fail (self != NULL && format != NULL);

  self->verdict = verdict;
  va_start (args, format);
  set_text (&self->message, format, args);
  va_end (args);
}

/**
 * heartbeat_ctl_finding_advise:
 * @self: a finding
 * @format: what to do
 * @...: arguments of @format
 */
void
heartbeat_ctl_finding_advise (HeartbeatCtlFinding *self, const char *format, ...)
{
  va_list args;

  g_return_if_fail (self != NULL && format != NULL);

  va_start (args, format);
  set_text (&self->advice, format, args);
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

/* Returns the column of the messages. */
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
 * @width: the most columns that a line may have, 0 for any number
 * @coloured: whether the marks have colours
 *
 * Returns: (transfer full): for each finding a line, and another one with the advice; more if they are longer than @width
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

/**
 * heartbeat_ctl_findings_serialize:
 * @findings: (element-type HeartbeatCtlFinding): what was found
 *
 * Returns: (transfer floating): an `aa{sv}` of `{"check", "broker", "status", "message", "advice"}`
 */
GVariant *
heartbeat_ctl_findings_serialize (GPtrArray *findings)
{
  GVariantBuilder builder = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE ("aa{sv}"));

  g_return_val_if_fail (findings != NULL, NULL);

  for (guint i = 0; i < findings->len; i++)
    {
      const HeartbeatCtlFinding *finding = g_ptr_array_index (findings, i);

      g_variant_builder_add_parsed (&builder,
                                    "{'check': <%s>, 'broker': <%ms>, 'status': <%s>, "
                                    "'message': <%s>, 'advice': <%ms>}",
                                    finding->check, finding->broker, looks[finding->verdict].nick,
                                    finding->message, finding->advice);
    }
  return g_variant_builder_end (&builder);
}
