/* SPDX-License-Identifier: MIT */

#pragma once

#include <sys/types.h>

#include <gio/gio.h>

G_BEGIN_DECLS

/**
 * HeartbeatChild:
 * @pid: its process, which leads a session and a group of its own
 * @in: writes to its standard input
 * @out: reads its standard output
 * @err: reads its standard error
 * @failure: says why it could not become the program, see heartbeat_spawn_check()
 *
 * A program that was started. The descriptors are the caller's.
 */
typedef struct
{
  pid_t pid;
  int in;
  int out;
  int err;
  int failure;
} HeartbeatChild;

gboolean heartbeat_spawn (HeartbeatChild *child,
                          const char *const *argv,
                          const char *const *environment,
                          const char *folder,
                          guint64 file_limit,
                          GError **error);
gboolean
heartbeat_spawn_check (int failure, const char *program, const char *folder, GError **error);

G_END_DECLS
