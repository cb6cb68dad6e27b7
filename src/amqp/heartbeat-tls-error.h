/* SPDX-License-Identifier: MIT */

#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/**
 * HeartbeatTlsVerdict:
 * @errors: what is wrong with a broker's certificate
 * @host: whom it should be for
 * @names: (nullable): whom it is for, as the certificate claims: not to be trusted
 * @cacertfile: (nullable): the file of the authorities that were asked, %NULL for the system's
 * @not_before: when it becomes valid, in Unix seconds, 0 if unknown
 * @not_after: when it expires, in Unix seconds, 0 if unknown
 *
 * Why a broker's certificate was refused.
 */
typedef struct
{
  GTlsCertificateFlags errors;
  const char *host;
  const char *const *names;
  const char *cacertfile;
  gint64 not_before;
  gint64 not_after;
} HeartbeatTlsVerdict;

/**
 * HeartbeatTlsProgress:
 * @HEARTBEAT_TLS_PROGRESS_FILES: its files are being read
 * @HEARTBEAT_TLS_PROGRESS_HANDSHAKE: the handshake is under way
 * @HEARTBEAT_TLS_PROGRESS_ACCEPTED: the broker's certificate was found good; the client's goes out next
 *
 * How far TLS has come with a connection.
 */
typedef enum
{
  HEARTBEAT_TLS_PROGRESS_FILES,
  HEARTBEAT_TLS_PROGRESS_HANDSHAKE,
  HEARTBEAT_TLS_PROGRESS_ACCEPTED,
} HeartbeatTlsProgress;

gboolean heartbeat_tls_is_spoken (const guint8 *data, gsize length);
char *heartbeat_tls_describe_verdict (const HeartbeatTlsVerdict *verdict, gint64 now);
char *heartbeat_tls_describe_failure (const GError *error,
                                      HeartbeatTlsProgress progress,
                                      const char *certfile,
                                      const char *keyfile);

G_END_DECLS
