/* SPDX-License-Identifier: MIT */

#pragma once

#include <libintl.h>

#include <glib.h>

G_BEGIN_DECLS

const char *heartbeat_gettext (const char *text) G_GNUC_FORMAT (1);
const char *heartbeat_ngettext (const char *singular, const char *plural, gulong n)
    G_GNUC_FORMAT (1) G_GNUC_FORMAT (2);
const char *heartbeat_pgettext (const char *context, const char *text) G_GNUC_FORMAT (2);
void heartbeat_i18n_bind (void);

/*
 * Text for people is translated where it is made. glib/gi18n-lib.h does not do: it needs a catalogue that somebody has bound,
 * and a library has no `main` to do that in.
 */
#undef ngettext
#define _(text)                           heartbeat_gettext (text)
#define N_(text)                          (text)
#define NC_(context, text)                (text)
#define C_(context, text)                 heartbeat_pgettext (context, text)
#define ngettext(singular, plural, count) heartbeat_ngettext (singular, plural, count)

G_END_DECLS
