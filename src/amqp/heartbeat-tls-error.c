/* SPDX-License-Identifier: MIT */

#include "amqp/heartbeat-tls-error.h"

#include "base/heartbeat-i18n.h"

/* A certificate can have thousands of names; a message has room for some. */
#define MAX_NAMES      5
#define MAX_NAME_BYTES 80

/* The first byte of TLS's alerts and handshakes, and the second. AMQP's frames have other types. */
#define TLS_ALERT     0x15
#define TLS_HANDSHAKE 0x16
#define TLS_MAJOR     0x03

/* Names in a certificate come from strangers: they must not pass for anything else when they are shown. */
static char *
dup_shown (const char *name)
{
  char *shown = g_strndup (name, MAX_NAME_BYTES);

  for (char *p = shown; *p != '\0'; p++)
    {
      if (!g_ascii_isprint (*p))
        *p = '?';
    }
  return shown;
}

static char *
list_names (const char *const *names)
{
  g_autoptr (GPtrArray) shown = g_ptr_array_new_with_free_func (g_free);
  guint n_names = names != NULL ? g_strv_length ((char **) names) : 0;

  if (n_names == 0)
    return g_strdup (_ ("no name at all"));
  for (guint i = 0; i < MIN (n_names, MAX_NAMES); i++)
    g_ptr_array_add (shown, dup_shown (names[i]));
  if (n_names > MAX_NAMES)
    g_ptr_array_add (shown, g_strdup (_ ("others")));
  g_ptr_array_add (shown, NULL);
  return g_strjoinv (", ", (char **) shown->pdata);
}

static char *
dup_date (gint64 time)
{
  g_autoptr (GDateTime) date = g_date_time_new_from_unix_utc (time);

  return date != NULL ? g_date_time_format (date, "%Y-%m-%d %H:%M UTC") : g_strdup ("?");
}

static char *
describe_authority (const HeartbeatTlsVerdict *verdict)
{
  if (verdict->cacertfile != NULL)
    return g_strdup_printf (_ ("it is not signed by an authority in %s"), verdict->cacertfile);
  return g_strdup (
      _ ("it is not signed by an authority that this system knows; name the broker's with "
         "?cacertfile="));
}

/* The dates are those of the broker's certificate, but an authority's may have expired instead. */
static char *
describe_expiry (const HeartbeatTlsVerdict *verdict, gint64 now)
{
  g_autofree char *date = dup_date (verdict->not_after);

  if (verdict->not_after == 0 || verdict->not_after > now)
    return g_strdup (_ ("the certificate of one of its authorities has expired"));
  return g_strdup_printf (_ ("it expired on %s"), date);
}

static char *
describe_activation (const HeartbeatTlsVerdict *verdict, gint64 now)
{
  g_autofree char *date = dup_date (verdict->not_before);

  if (verdict->not_before <= now)
    return g_strdup (_ ("the certificate of one of its authorities is not valid yet"));
  return g_strdup_printf (_ ("it is not valid before %s; is this machine's clock right?"), date);
}

static char *
describe_identity (const HeartbeatTlsVerdict *verdict)
{
  g_autofree char *names = list_names (verdict->names);

  return g_strdup_printf (_ ("it is not for %s, but for %s"), verdict->host, names);
}

static char *
describe_flag (const HeartbeatTlsVerdict *verdict, GTlsCertificateFlags flag, gint64 now)
{
  switch (flag)
    {
    case G_TLS_CERTIFICATE_UNKNOWN_CA:
      return describe_authority (verdict);
    case G_TLS_CERTIFICATE_BAD_IDENTITY:
      return describe_identity (verdict);
    case G_TLS_CERTIFICATE_NOT_ACTIVATED:
      return describe_activation (verdict, now);
    case G_TLS_CERTIFICATE_EXPIRED:
      return describe_expiry (verdict, now);
    case G_TLS_CERTIFICATE_REVOKED:
      return g_strdup (_ ("it is revoked"));
    case G_TLS_CERTIFICATE_INSECURE:
      return g_strdup (_ ("its algorithms or keys are too weak"));
    default:
      return g_strdup (_ ("its signature or its purpose is wrong"));
    }
}

/**
 * heartbeat_tls_is_spoken:
 * @data: (array length=length): what came first on a connection without TLS
 * @length: length of @data
 *
 * Returns: whether the other side speaks TLS
 */
gboolean
heartbeat_tls_is_spoken (const guint8 *data, gsize length)
{
  return length >= 2 && (data[0] == TLS_ALERT || data[0] == TLS_HANDSHAKE) && data[1] == TLS_MAJOR;
}

/**
 * heartbeat_tls_describe_verdict:
 * @verdict: why a certificate was refused
 * @now: the time, in Unix seconds
 *
 * Returns: (transfer full): all that is wrong, for people
 */
char *
heartbeat_tls_describe_verdict (const HeartbeatTlsVerdict *verdict, gint64 now)
{
  g_autoptr (GString) text = NULL;
  const GTlsCertificateFlags known = G_TLS_CERTIFICATE_UNKNOWN_CA | G_TLS_CERTIFICATE_BAD_IDENTITY
                                     | G_TLS_CERTIFICATE_NOT_ACTIVATED | G_TLS_CERTIFICATE_EXPIRED
                                     | G_TLS_CERTIFICATE_REVOKED | G_TLS_CERTIFICATE_INSECURE;
  const char *separator = "";
  GTlsCertificateFlags errors;

  g_return_val_if_fail (verdict != NULL, NULL);

  text = g_string_new (NULL);
  errors = verdict->errors & known;
  /* The general error accompanies others, and adds nothing to them. */
  if (errors == 0)
    errors = G_TLS_CERTIFICATE_GENERIC_ERROR;
  for (guint flag = 1; flag <= errors; flag <<= 1)
    {
      g_autofree char *reason = NULL;

      if ((errors & flag) == 0)
        continue;
      reason = describe_flag (verdict, flag, now);
      g_string_append_printf (text, "%s%s", separator, reason);
      separator = "; ";
    }
  /* Translators: %s is why, one reason or several: “it expired on 2026-11-01 12:00 UTC; it is revoked” */
  return g_strdup_printf (_ ("The broker's certificate is not accepted: %s"), text->str);
}

/* Once the broker's certificate is accepted, what is left to refuse is ours. */
static char *
describe_refusal (const GError *error, const char *certfile, const char *keyfile)
{
  return g_strdup_printf (
      _ ("The broker refused the client certificate %s: its authority must be one that the broker "
         "trusts, it must not have expired, and its key must be the one in %s (%s)"),
      certfile, keyfile, error->message);
}

/**
 * heartbeat_tls_describe_failure:
 * @error: GIO's error
 * @progress: how far TLS had come
 * @certfile: (nullable): file of the client certificate, if there is one
 * @keyfile: (nullable): file of its key
 *
 * For errors up to the broker's first byte: with TLS 1.3 a refused client certificate shows no sooner.
 *
 * Returns: (transfer full): what went wrong and what to do, for people
 */
char *
heartbeat_tls_describe_failure (const GError *error,
                                HeartbeatTlsProgress progress,
                                const char *certfile,
                                const char *keyfile)
{
  gboolean accepted = progress == HEARTBEAT_TLS_PROGRESS_ACCEPTED;

  if (accepted && certfile != NULL && error->domain == G_TLS_ERROR)
    return describe_refusal (error, certfile, keyfile);
  if (g_error_matches (error, G_TLS_ERROR, G_TLS_ERROR_CERTIFICATE_REQUIRED))
    return g_strdup (_ ("The broker wants a client certificate: name it with ?certfile=&keyfile="));
  if (error->domain == G_TLS_ERROR && !accepted)
    return g_strdup_printf (_ ("What answers on this port does not agree on TLS with us: is it the "
                               "broker's port for TLS? (%s)"),
                            error->message);
  if (error->domain == G_TLS_ERROR)
    return g_strdup_printf (_ ("The broker broke off TLS; perhaps it wants a client certificate "
                               "(?certfile=&keyfile=): %s"),
                            error->message);
  return g_strdup (error->message);
}
