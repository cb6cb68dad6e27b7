/* SPDX-License-Identifier: MIT */

#pragma once

#include <sys/types.h>

#include <gio/gio.h>

G_BEGIN_DECLS

typedef struct _HeartbeatLaunch HeartbeatLaunch;

/**
 * HeartbeatChild:
 * @pid: its process, which leads a session and a group of its own
 * @in: writes to its standard input
 * @out: reads its standard output
 * @err: reads its standard error
 * @launch: for heartbeat_launch_check(), once it has ended
 *
 * A program that was started. Everything in it belongs to the caller.
 */
typedef struct
{
  pid_t pid;
  int in;
  int out;
  int err;
  HeartbeatLaunch *launch;
} HeartbeatChild;

gboolean heartbeat_spawn (HeartbeatChild *child,
                          const char *const *argv,
                          const char *const *environment,
                          const char *folder,
                          guint64 file_limit,
                          GError **error);
gboolean heartbeat_launch_check (HeartbeatLaunch *launch, GError **error);
void heartbeat_launch_unref (HeartbeatLaunch *launch);

G_END_DECLS
