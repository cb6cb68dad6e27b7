/* SPDX-License-Identifier: MIT */

#pragma once

#include <gio/gio.h>

#include "dbus/heartbeat-bus-change-debouncer.h"

G_BEGIN_DECLS

typedef struct _HeartbeatBusProperties HeartbeatBusProperties;

HeartbeatBusProperties *heartbeat_bus_properties_new (GDBusInterfaceSkeleton *skeleton,
                                                      HeartbeatBusChangeDebouncer *collector);
void heartbeat_bus_properties_free (HeartbeatBusProperties *self);
HeartbeatBusProperties *heartbeat_bus_properties_of (gpointer skeleton);

void heartbeat_bus_properties_watch (HeartbeatBusProperties *self, gpointer model);
void heartbeat_bus_properties_begin (HeartbeatBusProperties *self);
void heartbeat_bus_properties_end (HeartbeatBusProperties *self);
void heartbeat_bus_properties_mark (HeartbeatBusProperties *self);
void
heartbeat_bus_properties_note_read (HeartbeatBusProperties *self, guint id, const GValue *value);
void heartbeat_bus_properties_flush (HeartbeatBusProperties *self);

void heartbeat_bus_properties_refuse_set (GObject *object,
                                          guint id,
                                          const GValue *value,
                                          GParamSpec *pspec);
void heartbeat_bus_properties_set_text (GValue *value, const char *text);
GVariant *heartbeat_bus_properties_get_all (HeartbeatBusProperties *self);

void heartbeat_bus_properties_prepare (HeartbeatBusProperties *self);
GVariant *heartbeat_bus_properties_get_prepared (HeartbeatBusProperties *self);
void heartbeat_bus_properties_discard (HeartbeatBusProperties *self);

G_END_DECLS
