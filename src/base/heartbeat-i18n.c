/* SPDX-License-Identifier: MIT */

#include "base/heartbeat-i18n.h"

/* For tests and translators, whose build is not installed: `meson devenv` sets it. */
#define LOCALEDIR_VARIABLE "HEARTBEAT_LOCALEDIR"

/**
 * heartbeat_i18n_bind:
 *
 * Tells gettext where the catalogue is, once; on any thread. The library does it itself at the first text. A program whose
 * own texts are in the same catalogue calls it before textdomain().
 */
void
heartbeat_i18n_bind (void)
{
  static gsize bound = 0;
  const char *folder = NULL;

  if (!g_once_init_enter (&bound))
    return;
  folder = g_getenv (LOCALEDIR_VARIABLE);
  bindtextdomain (GETTEXT_PACKAGE, folder != NULL && *folder != '\0' ? folder : LOCALEDIR);
  bind_textdomain_codeset (GETTEXT_PACKAGE, "UTF-8");
  g_once_init_leave (&bound, 1);
}

/**
 * heartbeat_gettext:
 * @text: a text for people, in English
 *
 * Returns: the text in the language of the process; unchanged if the program itself is not translated, as with g_dgettext()
 */
const char *
heartbeat_gettext (const char *text)
{
  g_return_val_if_fail (text != NULL, NULL);

  heartbeat_i18n_bind ();
  return g_dgettext (GETTEXT_PACKAGE, text);
}

/**
 * heartbeat_ngettext:
 * @singular: a text for people about one thing, in English
 * @plural: the same about several
 * @n: how many there are
 *
 * Returns: the form that the language of the process has for so many
 */
const char *
heartbeat_ngettext (const char *singular, const char *plural, gulong n)
{
  g_return_val_if_fail (singular != NULL, NULL);
  g_return_val_if_fail (plural != NULL, NULL);

  heartbeat_i18n_bind ();
  return g_dngettext (GETTEXT_PACKAGE, singular, plural, n);
}

/**
 * heartbeat_pgettext:
 * @context: distinguishes it from the same English with another meaning
 * @text: a text for people, in English
 *
 * Returns: the text in the language of the process
 */
const char *
heartbeat_pgettext (const char *context, const char *text)
{
  g_return_val_if_fail (context != NULL, NULL);
  g_return_val_if_fail (text != NULL, NULL);

  heartbeat_i18n_bind ();
  return g_dpgettext2 (GETTEXT_PACKAGE, context, text);
}
