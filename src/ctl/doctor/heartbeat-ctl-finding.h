/* SPDX-License-Identifier: MIT */

#pragma once

#include <json-glib/json-glib.h>

G_BEGIN_DECLS

/**
 * HeartbeatCtlVerdict:
 * @HEARTBEAT_CTL_VERDICT_OK: as it should be
 * @HEARTBEAT_CTL_VERDICT_WARNING: it works, or may, but somebody should look
 * @HEARTBEAT_CTL_VERDICT_FAILED: it does not work
 * @HEARTBEAT_CTL_VERDICT_SKIPPED: it was not looked at
 *
 * What came of a check of `heartbeatctl doctor`.
 */
typedef enum
{
  HEARTBEAT_CTL_VERDICT_OK,
  HEARTBEAT_CTL_VERDICT_WARNING,
  HEARTBEAT_CTL_VERDICT_FAILED,
  HEARTBEAT_CTL_VERDICT_SKIPPED,
} HeartbeatCtlVerdict;

/**
 * HeartbeatCtlFinding:
 * @check: what was looked at, for programs
 * @title: the same for people, translated
 * @broker: (nullable): the broker that it is about, "host:port"
 * @verdict: what came of it
 * @message: what was found
 * @advice: (nullable): what to do
 *
 * A row of what `heartbeatctl doctor` says.
 */
typedef struct
{
  const char *check;
  const char *title;
  char *broker;
  HeartbeatCtlVerdict verdict;
  char *message;
  char *advice;
} HeartbeatCtlFinding;

HeartbeatCtlFinding *
heartbeat_ctl_finding_new (const char *check, const char *title, const char *broker);
void heartbeat_ctl_finding_free (HeartbeatCtlFinding *self);
void heartbeat_ctl_finding_set (HeartbeatCtlFinding *self,
                                HeartbeatCtlVerdict verdict,
                                const char *format,
                                ...) G_GNUC_PRINTF (3, 4);
void heartbeat_ctl_finding_advise (HeartbeatCtlFinding *self, const char *format, ...)
    G_GNUC_PRINTF (2, 3);

gboolean heartbeat_ctl_findings_are_good (GPtrArray *findings);
char *heartbeat_ctl_findings_to_string (GPtrArray *findings, guint width, gboolean coloured);
void heartbeat_ctl_findings_add_json (GPtrArray *findings, JsonBuilder *builder);

G_END_DECLS
