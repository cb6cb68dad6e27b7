/* SPDX-License-Identifier: MIT */

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/timex.h>
#include <unistd.h>

#include "agent/heartbeat-decision.h"
#include "base/heartbeat-i18n.h"
#include "storage/heartbeat-storage.h"
#include "ctl/doctor/heartbeat-ctl-doctor.h"
#include "ctl/print/heartbeat-ctl-format.h"
#include "dbus/heartbeat-dbus.h"
#include "handlers/heartbeat-built-in.h"
#include "handlers/heartbeat-executables.h"

/* the most names in a row */
#define MAX_NAMES 5

/* --- The file ------------------------------------------------------------------------------------------------------- */

static void
add_name (GString *names, guint n, const char *name)
{
  if (n < MAX_NAMES)
    g_string_append_printf (names, "%s%s", n > 0 ? ", " : "", name);
  else if (n == MAX_NAMES)
    g_string_append (names, ", …");
}

/* Without a setting, ask the service. */
static gboolean
find_path (HeartbeatCtlDoctor *doctor, HeartbeatCtlFinding *finding)
{
  if (doctor->path == NULL && doctor->service != NULL)
    g_variant_lookup (doctor->service, "ConfigPath", "s", &doctor->path);
  if (doctor->path != NULL)
    return TRUE;
  heartbeat_ctl_finding_fail (finding, _ ("HEARTBEAT_PATH is set nowhere"));
  heartbeat_ctl_finding_advise (
      finding,
      _ ("write it into the agent's settings (heartbeatctl init %s makes file and settings), or "
         "name the file: --config FILE"),
      doctor->agent);
  return FALSE;
}

static void
refuse_file (HeartbeatCtlDoctor *doctor, HeartbeatCtlFinding *finding, const GError *error)
{
  g_autofree char *path = g_filename_display_name (doctor->path);

  heartbeat_ctl_finding_fail (finding, "%s", error->message);
  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND))
    heartbeat_ctl_finding_advise (
        finding, _ ("correct HEARTBEAT_PATH, or make the file: heartbeatctl init %s --config %s"),
        doctor->agent, path);
  else if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_PERMISSION_DENIED))
    heartbeat_ctl_finding_advise (
        finding, _ ("let the service's user read it, and look into each folder above: namei -l %s"),
        path);
  else
    heartbeat_ctl_finding_advise (finding, _ ("put a file there, or correct HEARTBEAT_PATH"));
}

/* A file that is itself a mount point, as in containers, cannot be replaced. */
static gboolean
is_mount (const char *path, const char *folder)
{
  struct statx file, above;

  return statx (AT_FDCWD, path, AT_STATX_SYNC_AS_STAT, STATX_MNT_ID, &file) == 0
         && statx (AT_FDCWD, folder, AT_STATX_SYNC_AS_STAT, STATX_MNT_ID, &above) == 0
         && file.stx_mnt_id != above.stx_mnt_id;
}

/* Returns why the file cannot be replaced; NULL if it probably can. Only trying would tell for sure. */
static char *
find_obstacle (const char *path)
{
  g_autofree char *real = realpath (path, NULL);
  g_autofree char *folder = real != NULL ? g_path_get_dirname (real) : NULL;

  if (real == NULL || faccessat (AT_FDCWD, folder, W_OK, AT_EACCESS) != 0)
    return g_strdup_printf (_ ("its folder: %s"), g_strerror (errno));
  if (is_mount (real, folder))
    return g_strdup (_ ("it is mounted on its own"));
  return NULL;
}

static void
check_file (HeartbeatCtlDoctor *doctor, HeartbeatCtlFinding *finding)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *path = NULL;
  g_autofree char *obstacle = NULL;
  HeartbeatIdentity identity;

  if (!find_path (doctor, finding))
    return;
  path = g_filename_display_name (doctor->path);
  doctor->text
      = heartbeat_storage_read (doctor->path, HEARTBEAT_CONFIG_MAX_BYTES, &identity, &error);
  if (doctor->text == NULL)
    {
      refuse_file (doctor, finding, error);
      return;
    }
  doctor->config = heartbeat_config_parse (doctor->text, NULL);
  obstacle = find_obstacle (doctor->path);
  if (obstacle == NULL)
    {
      heartbeat_ctl_finding_pass (finding, _ ("%s can be read and saved"), path);
      return;
    }
  heartbeat_ctl_finding_warn (finding, _ ("%s cannot be saved: %s"), path, obstacle);
  heartbeat_ctl_finding_advise (
      finding,
      _ ("let the service's user write to its folder (a container mounts the folder, not the "
         "file); until then lastRun goes to %s/heartbeat-consumer/%s.json, and pause and enable "
         "do not work"),
      g_get_user_state_dir (), doctor->agent);
}

static void
check_schema (HeartbeatCtlDoctor *doctor, HeartbeatCtlFinding *finding)
{
  g_autoptr (GPtrArray) problems = heartbeat_config_validate (doctor->text);
  g_autofree char *path = g_filename_display_name (doctor->path);
  const HeartbeatProblem *first;
  g_autofree char *what = NULL;

  if (problems->len > 0)
    {
      first = g_ptr_array_index (problems, 0);
      what = heartbeat_problem_describe (first);
      heartbeat_ctl_finding_fail (finding,
                                  ngettext ("%u problem: %s:%u:%u: %s",
                                            "%u problems, the first: %s:%u:%u: %s", problems->len),
                                  problems->len, path, first->line, first->column, what);
      heartbeat_ctl_finding_advise (finding, _ ("all of them: heartbeatctl validate %s"), path);
    }
  else if (doctor->config != NULL && g_strcmp0 (doctor->config->agent, doctor->agent) != 0)
    {
      heartbeat_ctl_finding_warn (finding, _ ("it is of the agent “%s”"), doctor->config->agent);
      heartbeat_ctl_finding_advise (
          finding, _ ("correct its member “agent”, or HEARTBEAT_PATH; it is used as it is"));
    }
  else
    heartbeat_ctl_finding_pass (finding,
                                ngettext ("%u check, without a problem",
                                          "%u checks, without a problem",
                                          doctor->config != NULL ? doctor->config->checks->len : 0),
                                doctor->config != NULL ? doctor->config->checks->len : 0);
}

/* --- Now ------------------------------------------------------------------------------------------------------------ */

static gboolean
skip_without_config (HeartbeatCtlDoctor *doctor, HeartbeatCtlFinding *finding)
{
  if (doctor->config == NULL)
    heartbeat_ctl_finding_skip (finding, _ ("skipped: the file cannot be used"));
  return doctor->config == NULL;
}

/* Takes @what, which is left out if the count is 0. */
static void
append_count (GString *text, guint count, char *what)
{
  if (count > 0)
    g_string_append_printf (text, ", %s", what);
  g_free (what);
}

static char *
describe_counts (const guint *counts, guint total)
{
  GString *text = g_string_new (NULL);
  guint n = counts[HEARTBEAT_REASON_DUE];

  g_string_printf (text, ngettext ("%u of %u check may run", "%u of %u checks may run", total), n,
                   total);
  n = counts[HEARTBEAT_REASON_OUTSIDE_WINDOW];
  /* Translators: so many checks, after “2 of 9 checks may run”; the same below */
  append_count (text, n,
                g_strdup_printf (ngettext ("%u outside its window", "%u outside their window", n),
                                 n));
  n = counts[HEARTBEAT_REASON_OUTSIDE_QUARTER];
  append_count (
      text, n,
      g_strdup_printf (ngettext ("%u outside its quarters", "%u outside their quarters", n), n));
  n = counts[HEARTBEAT_REASON_PAUSED];
  append_count (text, n, g_strdup_printf (ngettext ("%u paused", "%u paused", n), n));
  n = counts[HEARTBEAT_REASON_DISABLED];
  append_count (text, n, g_strdup_printf (ngettext ("%u disabled", "%u disabled", n), n));
  n = counts[HEARTBEAT_REASON_INVALID];
  append_count (text, n, g_strdup_printf (ngettext ("%u invalid", "%u invalid", n), n));
  return g_string_free (text, FALSE);
}

/* Never fails: it answers why a check does not run. */
static void
check_window (HeartbeatCtlDoctor *doctor, HeartbeatCtlFinding *finding)
{
  gint64 now = g_get_real_time () / 1000;
  guint counts[HEARTBEAT_N_REASONS] = { 0 };
  g_autofree char *text = NULL;

  if (skip_without_config (doctor, finding))
    return;
  for (guint i = 0; i < doctor->config->checks->len; i++)
    {
      const HeartbeatCheckSpec *spec = g_ptr_array_index (doctor->config->checks, i);
      /* as if it had never run, so that only the rules count */
      const HeartbeatCheckState state = { 0 };

      if (heartbeat_pause_holds (&doctor->config->pause, now) && spec->error == NULL
          && spec->enabled)
        counts[HEARTBEAT_REASON_PAUSED]++;
      else
        counts[heartbeat_decision_judge (spec, &state, 0, now).code]++;
    }
  text = describe_counts (counts, doctor->config->checks->len);
  heartbeat_ctl_finding_pass (finding, "%s", text);
}

/* Returns whether NTP or the like keeps the clock right. */
static gboolean
is_synchronised (void)
{
  struct timex timex = { 0 };

  return adjtimex (&timex) >= 0 && (timex.status & STA_UNSYNC) == 0;
}

static guint
find_future (HeartbeatCtlDoctor *doctor, gint64 now, GString *names)
{
  guint n = 0;

  for (guint i = 0; doctor->config != NULL && i < doctor->config->checks->len; i++)
    {
      const HeartbeatCheckSpec *spec = g_ptr_array_index (doctor->config->checks, i);

      if (spec->error == NULL && spec->last_run - now > spec->cadence)
        add_name (names, n++, spec->name);
    }
  return n;
}

static void
check_clock (HeartbeatCtlDoctor *doctor, HeartbeatCtlFinding *finding)
{
  gint64 now = g_get_real_time ();
  g_autoptr (GTimeZone) local = g_time_zone_new_local ();
  g_autoptr (GTimeZone) zone = heartbeat_zone_lookup (HEARTBEAT_ZONE_DEFAULT, NULL);
  g_autofree char *time = heartbeat_ctl_format_stamp (now, local);
  g_autoptr (GString) names = g_string_new (NULL);
  guint future = find_future (doctor, now / 1000, names);

  if (zone == NULL)
    {
      heartbeat_ctl_finding_fail (
          finding, _ ("there is no time zone data: windows and quarters are errors"));
      heartbeat_ctl_finding_advise (finding, _ ("install tzdata: sudo apt-get install tzdata"));
    }
  else if (future > 0)
    {
      heartbeat_ctl_finding_warn (
          finding, _ ("it is %s; the lastRun of %s is far in the future, and counts as never"),
          time, names->str);
      heartbeat_ctl_finding_advise (finding, _ ("if the time is wrong, see timedatectl; if it is "
                                                "right, nothing needs to be done: the next run "
                                                "writes a lastRun that counts"));
    }
  else
    heartbeat_ctl_finding_pass (finding, "%s, %s", time,
                                is_synchronised () ? C_ ("clock", "synchronised")
                                                   : C_ ("clock", "not synchronised"));
}

/* --- Handlers ------------------------------------------------------------------------------------------------------- */

typedef struct
{
  GStrv known;   /* by the service; NULL if none runs */
  GStrv folders; /* of executables */
} Handlers;

static void
ask_service (HeartbeatCtlDoctor *doctor, Handlers *handlers)
{
  g_autoptr (HeartbeatDBusAgent) agent = NULL;

  if (doctor->service != NULL)
    agent = heartbeat_ctl_reach_agent (doctor->ctl, doctor->agent, NULL);
  if (agent == NULL)
    return;
  g_dbus_proxy_set_default_timeout (G_DBUS_PROXY (agent), HEARTBEAT_CTL_ANSWER_MS);
  heartbeat_dbus_agent_call_list_handlers_sync (agent, &handlers->known, NULL, NULL);
}

/* Sets @error if the file is not executable. A running service knows best, since it may have other folders. */
static gboolean
has_handler (const Handlers *handlers, const char *name, GError **error)
{
  g_autofree char *path = NULL;

  if (handlers->known != NULL && g_strv_contains ((const char *const *) handlers->known, name))
    return TRUE;
  if (heartbeat_executables_is_name (name))
    path = heartbeat_executables_find ((const char *const *) handlers->folders, name, error);
  return handlers->known == NULL && (path != NULL || heartbeat_built_in_has (name));
}

/* Counts the checks whose handler does not exist. Sets @error if a handler is not executable. */
static guint
find_lost (HeartbeatCtlDoctor *doctor, const Handlers *handlers, GString *names, GError **error)
{
  guint n = 0;

  for (guint i = 0; i < doctor->config->checks->len; i++)
    {
      const HeartbeatCheckSpec *spec = g_ptr_array_index (doctor->config->checks, i);
      g_autoptr (GError) found = NULL;
      g_autofree char *both = NULL;

      if (spec->error != NULL || has_handler (handlers, spec->handler, &found))
        continue;
      both = g_strdup_printf ("%s (%s)", spec->name, spec->handler);
      if (found == NULL)
        add_name (names, n++, both);
      else if (*error == NULL)
        g_propagate_prefixed_error (error, g_steal_pointer (&found), "%s: ", spec->name);
    }
  return n;
}

static void
advise_on_lost (const Handlers *handlers, HeartbeatCtlFinding *finding)
{
  g_autofree char *folders = g_strjoinv (", ", handlers->folders);

  heartbeat_ctl_finding_advise (finding,
                                _ ("put an executable of that name into one of %s, correct the "
                                   "name, or start the program that registers it on D-Bus"),
                                *folders != '\0' ? folders : "HANDLER_PATH");
}

static void
set_handlers (HeartbeatCtlDoctor *doctor, const Handlers *handlers, HeartbeatCtlFinding *finding)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GString) names = g_string_new (NULL);
  guint lost = find_lost (doctor, handlers, names, &error);

  if (error != NULL)
    {
      heartbeat_ctl_finding_fail (finding, "%s", error->message);
      heartbeat_ctl_finding_advise (finding, _ ("a handler is an executable file: chmod +x"));
    }
  else if (doctor->inbox_handler != NULL && !has_handler (handlers, doctor->inbox_handler, NULL))
    {
      heartbeat_ctl_finding_fail (
          finding, _ ("INBOX_HANDLER (%s) is not found: each message of the inbox is rejected"),
          doctor->inbox_handler);
      advise_on_lost (handlers, finding);
    }
  else if (lost > 0)
    {
      heartbeat_ctl_finding_warn (finding,
                                  _ ("not found, so that “default” runs, which does nothing: %s"),
                                  names->str);
      advise_on_lost (handlers, finding);
    }
  else
    heartbeat_ctl_finding_pass (finding, _ ("all are found"));
}

static void
check_handlers (HeartbeatCtlDoctor *doctor, HeartbeatCtlFinding *finding)
{
  Handlers handlers = { 0 };
  g_autoptr (GError) error = NULL;

  if (skip_without_config (doctor, finding))
    return;
  handlers.folders = heartbeat_executables_parse_path (doctor->handler_path, &error);
  if (handlers.folders == NULL)
    {
      heartbeat_ctl_finding_fail (finding, "%s", error->message);
      heartbeat_ctl_finding_advise (finding,
                                    _ ("correct HANDLER_PATH: the service does not start with it"));
      return;
    }
  ask_service (doctor, &handlers);
  set_handlers (doctor, &handlers, finding);
  g_strfreev (handlers.known);
  g_strfreev (handlers.folders);
}

const HeartbeatCtlDoctorCheck heartbeat_ctl_file_checks[] = {
  { "file", N_ ("File"), NULL, check_file },
  { "schema", N_ ("Schema"), "file", check_schema },
  { "window", N_ ("Window now"), "file", check_window },
  { "clock", N_ ("Clock"), NULL, check_clock },
  { "handlers", N_ ("Handlers"), "file", check_handlers },
  { NULL, NULL, NULL, NULL },
};
