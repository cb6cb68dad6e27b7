/* SPDX-License-Identifier: MIT */

#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include <gio/gio.h>

#include "base/heartbeat-i18n.h"
#include "ctl/heartbeat-ctl-commands.h"

/* GOptionContext can list neither commands nor options by command, so the help is our own. */
static gboolean
parse (HeartbeatCtl *ctl, int *argc, char ***argv, GError **error)
{
  g_autoptr (GArray) entries = g_array_new (TRUE, TRUE, sizeof (GOptionEntry));
  g_autoptr (GOptionContext) context = g_option_context_new (NULL);

  for (const HeartbeatCtlOption *option = heartbeat_ctl_options; option->name != NULL; option++)
    {
      GOptionEntry entry = {
        .long_name = option->name,
        .short_name = strcmp (option->name, "help") == 0 ? 'h' : 0,
        .arg = option->arg,
        .arg_data = G_STRUCT_MEMBER_P (ctl, option->offset),
      };

      g_array_append_val (entries, entry);
    }
  g_option_context_set_help_enabled (context, FALSE);
  g_option_context_add_main_entries (context, (const GOptionEntry *) entries->data,
                                     GETTEXT_PACKAGE);
  return g_option_context_parse (context, argc, argv, error);
}

static void
print_help (const char *name)
{
  g_autofree char *text = heartbeat_ctl_help (heartbeat_ctl_find_command (name));

  g_print ("%s", text);
}

static gboolean
are_utf8 (char **args)
{
  for (; *args != NULL; args++)
    if (!g_utf8_validate (*args, -1, NULL))
      return FALSE;
  return TRUE;
}

static gboolean
is_given (HeartbeatCtl *ctl, const HeartbeatCtlOption *option)
{
  gconstpointer value = G_STRUCT_MEMBER_P (ctl, option->offset);

  if (option->arg == G_OPTION_ARG_NONE)
    return *(const gboolean *) value;
  if (option->arg == G_OPTION_ARG_INT)
    return *(const int *) value != HEARTBEAT_CTL_NO_NUMBER;
  return *(const char *const *) value != NULL;
}

/* `resume --for 2h` would be something else than it seems. */
static const HeartbeatCtlOption *
find_foreign_option (HeartbeatCtl *ctl, const HeartbeatCtlCommand *command)
{
  for (const HeartbeatCtlOption *option = heartbeat_ctl_options; option->name != NULL; option++)
    if (option->commands != NULL && is_given (ctl, option)
        && !heartbeat_ctl_option_is_for (option, command->name))
      return option;
  return NULL;
}

/* in the words of GOptionContext */
static HeartbeatCtlExit
report_option (const HeartbeatCtlOption *option)
{
  g_autofree char *dashed = g_strconcat ("--", option->name, NULL);

  return heartbeat_ctl_report (HEARTBEAT_CTL_USAGE, g_dgettext ("glib20", "Unknown option %s"),
                               dashed);
}

static HeartbeatCtlExit
run_command (HeartbeatCtl *ctl, const HeartbeatCtlCommand *command, char **args)
{
  guint n_args = g_strv_length (args);
  const HeartbeatCtlOption *foreign = find_foreign_option (ctl, command);

  /* The names of files may have any bytes, but arguments for D-Bus may not. */
  if (command->most != HEARTBEAT_CTL_ANY_NUMBER && !are_utf8 (args))
    return heartbeat_ctl_report (HEARTBEAT_CTL_USAGE, _ ("an argument is not UTF-8"));
  if (n_args < command->least || n_args > command->most)
    return heartbeat_ctl_report (HEARTBEAT_CTL_USAGE, _ ("usage: heartbeatctl %s"),
                                 _ (command->synopsis));
  return foreign != NULL ? report_option (foreign) : command->run (ctl, args);
}

static HeartbeatCtlExit
dispatch (HeartbeatCtl *ctl, char **args)
{
  const HeartbeatCtlCommand *command = heartbeat_ctl_find_command (args[0]);

  if (command != NULL)
    return run_command (ctl, command, args + 1);
  if (args[0] == NULL)
    return heartbeat_ctl_report (HEARTBEAT_CTL_USAGE,
                                 _ ("a command is expected; see heartbeatctl --help"));
  if (!are_utf8 (args))
    return heartbeat_ctl_report (HEARTBEAT_CTL_USAGE, _ ("an argument is not UTF-8"));
  return heartbeat_ctl_report (HEARTBEAT_CTL_USAGE,
                               _ ("there is no command “%s”; see heartbeatctl --help"), args[0]);
}

/* Drop what the library logs, which is meant for the service. */
static GLogWriterOutput
write_log (GLogLevelFlags level, const GLogField *fields, gsize n_fields, gpointer user_data)
{
  for (gsize i = 0; i < n_fields; i++)
    if (strcmp (fields[i].key, "GLIB_DOMAIN") == 0
        && g_strcmp0 (fields[i].value, G_LOG_DOMAIN) == 0)
      return G_LOG_WRITER_HANDLED;
  return g_log_writer_default (level, fields, n_fields, user_data);
}

/* GSocket ignores SIGPIPE, although its own calls never raise it. But `monitor | head -1` is to end us. */
static void
end_with_the_reader (void)
{
  g_type_class_unref (g_type_class_ref (G_TYPE_SOCKET));
  signal (SIGPIPE, SIG_DFL);
}

static void
clear (HeartbeatCtl *ctl)
{
  g_clear_object (&ctl->bus);
  for (const HeartbeatCtlOption *option = heartbeat_ctl_options; option->name != NULL; option++)
    if (option->arg == G_OPTION_ARG_STRING || option->arg == G_OPTION_ARG_FILENAME)
      g_free (*(char **) G_STRUCT_MEMBER_P (ctl, option->offset));
}

int
main (int argc, char **argv)
{
  HeartbeatCtl ctl = { .most = HEARTBEAT_CTL_NO_NUMBER };
  g_autoptr (GError) error = NULL;
  HeartbeatCtlExit status = HEARTBEAT_CTL_OK;

  setlocale (LC_ALL, "");
  heartbeat_i18n_bind ();
  textdomain (GETTEXT_PACKAGE);
  g_log_set_writer_func (write_log, NULL, NULL);
  end_with_the_reader ();

  if (!parse (&ctl, &argc, &argv, &error))
    status = heartbeat_ctl_report (HEARTBEAT_CTL_USAGE, "%s", error->message);
  else if (ctl.help)
    print_help (argv[1]);
  else if (ctl.version)
    g_print ("heartbeatctl %s\n", PACKAGE_VERSION);
  else
    {
      /* JSON is for programs, and does not depend on the language. */
      if (ctl.json)
        setlocale (LC_MESSAGES, "C");
      status = dispatch (&ctl, argv + 1);
    }
  clear (&ctl);
  if (fflush (stdout) == 0 && !ferror (stdout))
    return status;
  return heartbeat_ctl_report (HEARTBEAT_CTL_FAILED, _ ("the output cannot be written"));
}
