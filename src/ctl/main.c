/* SPDX-License-Identifier: MIT */

#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include <gio/gio.h>

#include "base/heartbeat-i18n.h"
#include "ctl/heartbeat-ctl-commands.h"

/* The help is our own: it has the commands, and options by command. */
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

static void
complain_of_option (const HeartbeatCtlOption *option)
{
  g_autofree char *dashed = g_strconcat ("--", option->name, NULL);

  /* as GOptionContext says it of those that no command has */
  heartbeat_ctl_complain (g_dgettext ("glib20", "Unknown option %s"), dashed);
}

static HeartbeatCtlExit
run_command (HeartbeatCtl *ctl, const HeartbeatCtlCommand *command, char **args)
{
  guint n_args = g_strv_length (args);
  const HeartbeatCtlOption *foreign = find_foreign_option (ctl, command);

  /* Names go over D-Bus; files do not. */
  if (command->most != HEARTBEAT_CTL_ANY_NUMBER && !are_utf8 (args))
    heartbeat_ctl_complain (_ ("an argument is not UTF-8"));
  else if (n_args < command->least || n_args > command->most)
    heartbeat_ctl_complain (_ ("usage: heartbeatctl %s"), _ (command->synopsis));
  else if (foreign != NULL)
    complain_of_option (foreign);
  else
    return command->run (ctl, args);
  return HEARTBEAT_CTL_USAGE;
}

static HeartbeatCtlExit
dispatch (HeartbeatCtl *ctl, char **args)
{
  const HeartbeatCtlCommand *command = heartbeat_ctl_find_command (args[0]);

  if (command != NULL)
    return run_command (ctl, command, args + 1);
  if (args[0] == NULL)
    heartbeat_ctl_complain (_ ("a command is expected; see heartbeatctl --help"));
  else if (!are_utf8 (args))
    heartbeat_ctl_complain (_ ("an argument is not UTF-8"));
  else
    heartbeat_ctl_complain (_ ("there is no command “%s”; see heartbeatctl --help"), args[0]);
  return HEARTBEAT_CTL_USAGE;
}

/* What the library logs is for the service: here every failure is told where it happens. */
static GLogWriterOutput
write_log (GLogLevelFlags level, const GLogField *fields, gsize n_fields, gpointer user_data)
{
  for (gsize i = 0; i < n_fields; i++)
    if (strcmp (fields[i].key, "GLIB_DOMAIN") == 0
        && g_strcmp0 (fields[i].value, G_LOG_DOMAIN) == 0)
      return G_LOG_WRITER_HANDLED;
  return g_log_writer_default (level, fields, n_fields, user_data);
}

/* GSocket has SIGPIPE ignored, although it sends without one: who reads our output and has seen enough (`monitor | head -1`)
 * ends us as it ends others. */
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
  g_free (ctl->agent);
  g_free (ctl->rabbit_url);
  g_free (ctl->exchange);
  g_free (ctl->queue_type);
  g_free (ctl->routing_key);
  g_free (ctl->pause_for);
  g_free (ctl->pause_until);
  g_free (ctl->reason);
  g_free (ctl->config);
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
    {
      heartbeat_ctl_complain ("%s", error->message);
      status = HEARTBEAT_CTL_USAGE;
    }
  else if (ctl.help)
    print_help (argv[1]);
  else if (ctl.version)
    g_print ("heartbeatctl %s\n", PACKAGE_VERSION);
  else
    {
      /* A program reads it: what it says must not depend on who runs it. */
      if (ctl.json)
        setlocale (LC_MESSAGES, "C");
      status = dispatch (&ctl, argv + 1);
    }
  clear (&ctl);
  if (fflush (stdout) == 0 && !ferror (stdout))
    return status;
  heartbeat_ctl_complain (_ ("the output cannot be written"));
  return HEARTBEAT_CTL_FAILED;
}
