/* SPDX-License-Identifier: MIT */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/**
 * HeartbeatCtlVerdict:
 * @HEARTBEAT_CTL_VERDICT_OK: as it should be
 * @HEARTBEAT_CTL_VERDICT_WARNING: it works, or may, but somebody should look
 * @HEARTBEAT_CTL_VERDICT_FAILED: it does not work
 * @HEARTBEAT_CTL_VERDICT_SKIPPED: it was not checked
 *
 * The result of a check of `heartbeatctl doctor`.
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
 * @check: the check, for programs
 * @title: the same for people, translated
 * @broker: (nullable): the broker that it is about, "host:port"
 * @verdict: the result
 * @message: what was found, in valid UTF-8
 * @advice: (nullable): what to do, in valid UTF-8
 *
 * A row of the report of `heartbeatctl doctor`.
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

#define heartbeat_ctl_finding_pass(self, ...)                                                      \
  heartbeat_ctl_finding_set (self, HEARTBEAT_CTL_VERDICT_OK, __VA_ARGS__)
#define heartbeat_ctl_finding_warn(self, ...)                                                      \
  heartbeat_ctl_finding_set (self, HEARTBEAT_CTL_VERDICT_WARNING, __VA_ARGS__)
#define heartbeat_ctl_finding_fail(self, ...)                                                      \
  heartbeat_ctl_finding_set (self, HEARTBEAT_CTL_VERDICT_FAILED, __VA_ARGS__)
#define heartbeat_ctl_finding_skip(self, ...)                                                      \
  heartbeat_ctl_finding_set (self, HEARTBEAT_CTL_VERDICT_SKIPPED, __VA_ARGS__)

gboolean heartbeat_ctl_findings_are_good (GPtrArray *findings);
char *heartbeat_ctl_findings_to_string (GPtrArray *findings, guint width, gboolean coloured);
GVariant *heartbeat_ctl_findings_serialize (GPtrArray *findings);

G_END_DECLS
