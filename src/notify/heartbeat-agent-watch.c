/* SPDX-License-Identifier: MIT */

#include "notify/heartbeat-agent-watch.h"

#include "base/heartbeat-i18n.h"

#define CRITICAL_FAILURES 3

/**
 * HeartbeatAgentWatch:
 *
 * Decides which notices the user gets about one agent: which checks fail, and whether its heartbeat.json is broken.
 */
struct _HeartbeatAgentWatch
{
  HeartbeatAgent *agent;
  HeartbeatNotificationThread *thread; /* unowned */
  gboolean all;
  GHashTable *failing; /* names of checks */
  gboolean broken;
};

static char *
check_key (HeartbeatAgentWatch *self, const char *check)
{
  return g_strconcat ("check/", heartbeat_agent_get_name (self->agent), "/", check, NULL);
}

static char *
config_key (HeartbeatAgentWatch *self)
{
  return g_strconcat ("config/", heartbeat_agent_get_name (self->agent), NULL);
}

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
static char *
format_names (const char *format, HeartbeatAgentWatch *self, const char *check)
{
  return g_strdup_printf (format, heartbeat_agent_get_name (self->agent), check);
}
#pragma GCC diagnostic pop

/* The count is in the title because desktops show only a line or two of the text below it. */
static char *
describe_failure (HeartbeatAgentWatch *self, const char *check, guint failures)
{
  if (failures < 2)
    /* Translators: the name of an agent, and the name of one of its checks */
    return format_names (_ ("%s: %s failed"), self, check);
  /* Translators: the name of an agent, the name of one of its checks, and how often it has failed since it was good */
  return g_strdup_printf (ngettext ("%s: %s failed %u time in a row",
                                    "%s: %s failed %u times in a row", failures),
                          heartbeat_agent_get_name (self->agent), check, failures);
}

static void
notify_failure (HeartbeatAgentWatch *self, HeartbeatCheck *check, HeartbeatResult *result)
{
  const char *name = heartbeat_check_get_name (check);
  const char *message = heartbeat_result_get_message (result);
  guint failures = heartbeat_check_get_consecutive_failures (check);
  g_autofree char *key = check_key (self, name);
  g_autofree char *summary = describe_failure (self, name, failures);
  g_autoptr (HeartbeatNotice) notice = heartbeat_notice_new_for_check (
      key, failures >= CRITICAL_FAILURES ? HEARTBEAT_NOTICE_CRITICAL : HEARTBEAT_NOTICE_NORMAL,
      summary, *message != '\0' ? message : _ ("It does not say why."),
      heartbeat_agent_get_name (self->agent), name);

  g_hash_table_add (self->failing, g_strdup (name));
  heartbeat_notification_thread_present (self->thread, notice);
}

static const char *
get_success_format (HeartbeatResult *result, gboolean was_failing)
{
  if (was_failing)
    /* Translators: the name of an agent, and the name of one of its checks */
    return _ ("%s: %s recovered");
  if (heartbeat_result_get_status (result) == HEARTBEAT_STATUS_SKIPPED)
    /* Translators: the name of an agent, and the name of one of its checks */
    return _ ("%s: %s had nothing to do");
  /* Translators: the name of an agent, and the name of one of its checks */
  return _ ("%s: %s succeeded");
}

static void
notify_success (HeartbeatAgentWatch *self, HeartbeatCheck *check, HeartbeatResult *result)
{
  const char *name = heartbeat_check_get_name (check);
  gboolean was_failing = g_hash_table_remove (self->failing, name);
  g_autofree char *key = NULL;
  g_autofree char *summary = NULL;
  g_autoptr (HeartbeatNotice) notice = NULL;

  if (!was_failing && !self->all)
    return;
  key = check_key (self, name);
  summary = format_names (get_success_format (result, was_failing), self, name);
  notice = heartbeat_notice_new_brief (key, summary, heartbeat_result_get_message (result));
  if (self->all)
    heartbeat_notification_thread_present (self->thread, notice);
  else
    heartbeat_notification_thread_resolve (self->thread, key, notice);
}

static void
on_check_finished (HeartbeatAgentWatch *self, HeartbeatCheck *check, HeartbeatResult *result)
{
  /* A notification for a removed check would never be withdrawn. */
  if (heartbeat_agent_get_check (self->agent, heartbeat_check_get_name (check)) != check)
    return;
  if (heartbeat_result_get_status (result) == HEARTBEAT_STATUS_FAILED)
    notify_failure (self, check, result);
  else
    notify_success (self, check, result);
}

static void
forget_check (HeartbeatAgentWatch *self, const char *name)
{
  g_autofree char *key = check_key (self, name);

  heartbeat_notification_thread_resolve (self->thread, key, NULL);
}

static void
on_check_removed (HeartbeatAgentWatch *self, HeartbeatCheck *check)
{
  if (g_hash_table_remove (self->failing, heartbeat_check_get_name (check)))
    forget_check (self, heartbeat_check_get_name (check));
}

static void
notify_broken (HeartbeatAgentWatch *self, const char *error)
{
  g_autofree char *key = config_key (self);
  /* Translators: the name of an agent */
  g_autofree char *summary = g_strdup_printf (_ ("%s: heartbeat.json cannot be used"),
                                              heartbeat_agent_get_name (self->agent));
  g_autofree char *body
      = g_strdup_printf ("%s: %s", heartbeat_agent_get_config_path (self->agent), error);
  g_autoptr (HeartbeatNotice) notice
      = heartbeat_notice_new (key, HEARTBEAT_NOTICE_NORMAL, summary, body);

  heartbeat_notification_thread_present (self->thread, notice);
}

static void
forget_broken (HeartbeatAgentWatch *self)
{
  g_autofree char *key = config_key (self);

  heartbeat_notification_thread_resolve (self->thread, key, NULL);
}

/* Once: another error in a file that is being repaired is not worth a notification. */
static void
on_config_error (HeartbeatAgentWatch *self)
{
  const char *error = heartbeat_agent_get_config_error (self->agent);
  gboolean broken = *error != '\0';

  if (broken == self->broken)
    return;
  self->broken = broken;
  if (broken)
    notify_broken (self, error);
  else
    forget_broken (self);
}

/**
 * heartbeat_agent_watch_new:
 * @agent: an agent
 * @thread: shows the notices
 * @all: whether to notify of successful runs too
 *
 * Returns: (transfer full): a watch
 */
HeartbeatAgentWatch *
heartbeat_agent_watch_new (HeartbeatAgent *agent, HeartbeatNotificationThread *thread, gboolean all)
{
  HeartbeatAgentWatch *self = g_new0 (HeartbeatAgentWatch, 1);

  g_return_val_if_fail (HEARTBEAT_IS_AGENT (agent), NULL);
  g_return_val_if_fail (thread != NULL, NULL);

  self->agent = g_object_ref (agent);
  self->thread = thread;
  self->all = all;
  self->failing = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  g_signal_connect_swapped (agent, "check-finished", G_CALLBACK (on_check_finished), self);
  g_signal_connect_swapped (agent, "check-removed", G_CALLBACK (on_check_removed), self);
  g_signal_connect_swapped (agent, "notify::config-error", G_CALLBACK (on_config_error), self);
  on_config_error (self);
  return self;
}

/**
 * heartbeat_agent_watch_free:
 * @self: (transfer full): a watch
 *
 * Withdraws its notifications.
 */
void
heartbeat_agent_watch_free (HeartbeatAgentWatch *self)
{
  GHashTableIter iter;
  const char *name;

  g_signal_handlers_disconnect_by_data (self->agent, self);
  g_hash_table_iter_init (&iter, self->failing);
  while (g_hash_table_iter_next (&iter, (gpointer *) &name, NULL))
    forget_check (self, name);
  if (self->broken)
    forget_broken (self);
  g_hash_table_unref (self->failing);
  g_object_unref (self->agent);
  g_free (self);
}

/**
 * heartbeat_agent_watch_get_agent:
 * @self: a watch
 *
 * Returns: (transfer none): its agent
 */
HeartbeatAgent *
heartbeat_agent_watch_get_agent (HeartbeatAgentWatch *self)
{
  g_return_val_if_fail (self != NULL, NULL);

  return self->agent;
}
