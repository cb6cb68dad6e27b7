/* SPDX-License-Identifier: MIT */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/**
 * HeartbeatNoticeUrgency:
 * @HEARTBEAT_NOTICE_LOW: good to know
 * @HEARTBEAT_NOTICE_NORMAL: somebody should look
 * @HEARTBEAT_NOTICE_CRITICAL: somebody must look
 */
typedef enum
{
  HEARTBEAT_NOTICE_LOW,
  HEARTBEAT_NOTICE_NORMAL,
  HEARTBEAT_NOTICE_CRITICAL,
} HeartbeatNoticeUrgency;

/**
 * HeartbeatNoticeAction:
 * @HEARTBEAT_NOTICE_ACTION_RUN: run the check again
 * @HEARTBEAT_NOTICE_ACTION_PAUSE: pause it for an hour
 *
 * What the user can choose on a notice about a check.
 */
typedef enum
{
  HEARTBEAT_NOTICE_ACTION_RUN,
  HEARTBEAT_NOTICE_ACTION_PAUSE,
} HeartbeatNoticeAction;

/**
 * HeartbeatNotice:
 * @key: what it is about; a later notice replaces an earlier one with the same key
 * @urgency: how much it matters
 * @summary: one line, plain text
 * @body: markup
 * @agent: (nullable): the agent whose check the user can act on
 * @check: (nullable): that check
 * @brief: whether it goes after a few seconds; others stay until they are withdrawn
 *
 * A message for the user. It is immutable, and any thread may use it.
 */
typedef struct
{
  char *key;
  HeartbeatNoticeUrgency urgency;
  char *summary;
  char *body;
  char *agent;
  char *check;
  gboolean brief;
} HeartbeatNotice;

/**
 * HeartbeatNoticeFunc:
 * @notice: the notice on which the user chose something
 * @action: what the user chose
 * @user_data: what was passed with the function
 */
typedef void (*HeartbeatNoticeFunc) (HeartbeatNotice *notice,
                                     HeartbeatNoticeAction action,
                                     gpointer user_data);

HeartbeatNotice *heartbeat_notice_new (const char *key,
                                       HeartbeatNoticeUrgency urgency,
                                       const char *summary,
                                       const char *body);
HeartbeatNotice *
heartbeat_notice_new_brief (const char *key, const char *summary, const char *body);
HeartbeatNotice *heartbeat_notice_new_for_check (const char *key,
                                                 HeartbeatNoticeUrgency urgency,
                                                 const char *summary,
                                                 const char *body,
                                                 const char *agent,
                                                 const char *check);
HeartbeatNotice *heartbeat_notice_ref (HeartbeatNotice *notice);
void heartbeat_notice_unref (HeartbeatNotice *notice);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (HeartbeatNotice, heartbeat_notice_unref)

G_END_DECLS
