/* SPDX-License-Identifier: MIT */

#include "json/heartbeat-json-edit.h"

#include <string.h>

#include "base/heartbeat-error.h"
#include "base/heartbeat-i18n.h"
#include "json/heartbeat-json.h"

/* A member and the place before it. */
typedef struct
{
  HeartbeatJson name;
  HeartbeatJson value;
  const char *before; /* the byte after the previous value, or after the opening brace */
} Member;

/* The text with the bytes from @start to @end replaced. */
static GBytes *
splice (GBytes *text, const char *start, const char *end, const char *replacement)
{
  gsize length;
  const char *data = g_bytes_get_data (text, &length);
  GByteArray *out = g_byte_array_sized_new (length + strlen (replacement));

  g_byte_array_append (out, (const guint8 *) data, start - data);
  g_byte_array_append (out, (const guint8 *) replacement, strlen (replacement));
  g_byte_array_append (out, (const guint8 *) end, data + length - end);
  return g_byte_array_free_to_bytes (out);
}

static gboolean
find_object (GBytes *text, const char *const *path, HeartbeatJson *object, GError **error)
{
  gsize length;
  const char *data = g_bytes_get_data (text, &length);

  if (!heartbeat_json_scan (data, length, HEARTBEAT_JSON_ALLOW_BOM, object, error))
    return FALSE;
  for (; *path != NULL; path++)
    {
      HeartbeatJson member;

      if (!heartbeat_json_is_object (object) || !heartbeat_json_get_member (object, *path, &member))
        {
          g_set_error (error, HEARTBEAT_ERROR, HEARTBEAT_ERROR_NO_SUCH_CHECK,
                       _ ("there is no member “%s”"), *path);
          return FALSE;
        }
      *object = member;
    }
  if (heartbeat_json_is_object (object))
    return TRUE;
  g_set_error_literal (error, HEARTBEAT_ERROR, HEARTBEAT_ERROR_CONFIG_UNUSABLE,
                       _ ("an object is expected"));
  return FALSE;
}

static GArray *
list_members (const HeartbeatJson *object)
{
  GArray *members = g_array_new (FALSE, FALSE, sizeof (Member));
  HeartbeatJsonIter iter;
  Member member = { .before = object->start + 1 };

  heartbeat_json_iter_init (&iter, object);
  while (heartbeat_json_iter_member (&iter, &member.name, &member.value))
    {
      g_array_append_val (members, member);
      member.before = member.value.end;
    }
  return members;
}

/* The line end and indentation right before @name, or NULL where it does not begin a line. */
static char *
indentation_of (const Member *member)
{
  const char *at = member->name.start;

  while (at > member->before && (at[-1] == ' ' || at[-1] == '\t'))
    at--;
  if (at == member->before || (at[-1] != '\n' && at[-1] != '\r'))
    return NULL;
  at--;
  if (at > member->before && *at == '\n' && at[-1] == '\r')
    at--;
  return g_strndup (at, member->name.start - at);
}

/* What stands before a new last member: its neighbours' line end and indentation, or their space. */
static char *
new_separator (GArray *members)
{
  const Member *last = &g_array_index (members, Member, members->len - 1);
  const char *space = last->name.start;

  for (guint i = members->len; i > 0; i--)
    {
      char *indentation = indentation_of (&g_array_index (members, Member, i - 1));

      if (indentation != NULL)
        return indentation;
    }
  if (members->len == 1)
    return g_strdup (last->value.start[-1] == ':' ? "" : " ");
  while (space > last->before && (space[-1] == ' ' || space[-1] == '\t'))
    space--;
  return g_strndup (space, last->name.start - space);
}

static GBytes *
append_member (GBytes *text,
               const HeartbeatJson *object,
               GArray *members,
               const char *name,
               const char *value)
{
  g_autofree char *quoted = heartbeat_json_quote (name);
  g_autofree char *separator = NULL;
  g_autofree char *member = NULL;
  const Member *last;

  if (members->len == 0)
    {
      member = g_strdup_printf ("%s: %s", quoted, value);
      return splice (text, object->start + 1, object->start + 1, member);
    }
  last = &g_array_index (members, Member, members->len - 1);
  separator = new_separator (members);
  member = g_strdup_printf (",%s%s:%s%s", separator, quoted,
                            last->value.start[-1] == ':' ? "" : " ", value);
  return splice (text, last->value.end, last->value.end, member);
}

/**
 * heartbeat_json_edit_set_member:
 * @text: a JSON text
 * @path: (array zero-terminated=1): the names that lead from the root to an object
 * @name: the member's name
 * @value: the value as JSON text
 * @error: return location for a #HeartbeatError: %HEARTBEAT_ERROR_NO_SUCH_CHECK where @path leads nowhere
 *
 * Replaces the value of one member, of duplicates the last; or adds the member as the last one, on a line of its own
 * where its neighbours have lines. Every other byte stays.
 *
 * Returns: (transfer full): the new text
 */
GBytes *
heartbeat_json_edit_set_member (GBytes *text,
                                const char *const *path,
                                const char *name,
                                const char *value,
                                GError **error)
{
  HeartbeatJson object;
  g_autoptr (GArray) members = NULL;

  g_return_val_if_fail (text != NULL, NULL);
  g_return_val_if_fail (path != NULL, NULL);
  g_return_val_if_fail (name != NULL, NULL);
  g_return_val_if_fail (value != NULL, NULL);

  if (!find_object (text, path, &object, error))
    return NULL;
  members = list_members (&object);
  for (guint i = members->len; i > 0; i--)
    {
      const Member *member = &g_array_index (members, Member, i - 1);

      if (heartbeat_json_equals (&member->name, name))
        return splice (text, member->value.start, member->value.end, value);
    }
  return append_member (text, &object, members, name, value);
}

/* The bytes that go with member @i: it, one comma, and the white space that belonged to it. */
static void
span_of (const HeartbeatJson *object, GArray *members, guint i, HeartbeatJson *span)
{
  const Member *member = &g_array_index (members, Member, i);

  if (members->len == 1)
    *span = (HeartbeatJson){ object->start + 1, object->end - 1 };
  else if (i + 1 == members->len)
    *span = (HeartbeatJson){ member->before, member->value.end };
  else
    *span
        = (HeartbeatJson){ member->name.start, g_array_index (members, Member, i + 1).name.start };
}

/* The text without one member called @name, or NULL where there is none. */
static GBytes *
remove_one (GBytes *text, const HeartbeatJson *object, const char *name)
{
  g_autoptr (GArray) members = list_members (object);
  HeartbeatJson span;

  for (guint i = 0; i < members->len; i++)
    {
      if (!heartbeat_json_equals (&g_array_index (members, Member, i).name, name))
        continue;
      span_of (object, members, i, &span);
      return splice (text, span.start, span.end, "");
    }
  return NULL;
}

/**
 * heartbeat_json_edit_remove_member:
 * @text: a JSON text
 * @path: (array zero-terminated=1): the names that lead from the root to an object
 * @name: the member's name
 * @error: return location for a #HeartbeatError
 *
 * Removes every member of that name, so that none of several takes the last one's place.
 *
 * Returns: (transfer full): the new text, @text itself where there is no such member
 */
GBytes *
heartbeat_json_edit_remove_member (GBytes *text,
                                   const char *const *path,
                                   const char *name,
                                   GError **error)
{
  g_autoptr (GBytes) current = NULL;

  g_return_val_if_fail (text != NULL, NULL);
  g_return_val_if_fail (path != NULL, NULL);
  g_return_val_if_fail (name != NULL, NULL);

  current = g_bytes_ref (text);
  for (;;)
    {
      g_autoptr (GBytes) shorter = NULL;
      HeartbeatJson object;

      if (!find_object (current, path, &object, error))
        return NULL;
      shorter = remove_one (current, &object, name);
      if (shorter == NULL)
        return g_steal_pointer (&current);
      g_bytes_unref (current);
      current = g_steal_pointer (&shorter);
    }
}
