/* SPDX-License-Identifier: MIT */

#pragma once

#include "notify/heartbeat-notice.h"

G_BEGIN_DECLS

/**
 * HeartbeatPresenterFunc:
 * @notice: the notice on which the user chose something
 * @action: what the user chose
 * @user_data: what was passed to heartbeat_presenter_new()
 */
typedef void (*HeartbeatPresenterFunc) (HeartbeatNotice *notice,
                                        HeartbeatNoticeAction action,
                                        gpointer user_data);

typedef struct _HeartbeatPresenter HeartbeatPresenter;

HeartbeatPresenter *heartbeat_presenter_new (HeartbeatPresenterFunc chosen, gpointer user_data);
void heartbeat_presenter_free (HeartbeatPresenter *self);

void heartbeat_presenter_present (HeartbeatPresenter *self, HeartbeatNotice *notice);
void
heartbeat_presenter_resolve (HeartbeatPresenter *self, const char *key, HeartbeatNotice *brief);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (HeartbeatPresenter, heartbeat_presenter_free)

G_END_DECLS
