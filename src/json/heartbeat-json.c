/* SPDX-License-Identifier: MIT */

#include "json/heartbeat-json.h"

#include <math.h>
#include <string.h>

#include "base/heartbeat-error.h"
#include "base/heartbeat-i18n.h"

#define BOM "\xef\xbb\xbf"

/* The grammar is RFC 8259's and nothing more. json-glib accepts comments, single quotes and an empty text, and its stack
 * ends at deep nesting, so this runs first over every text that comes from outside. */

typedef struct
{
  const char *at;
  const char *end;
  const char *rule; /* what the text at `at` breaks, set where scanning stops */
  HeartbeatJsonVisit visit;
  gpointer user_data;
} Scanner;

static const char *
skip_space (const char *at, const char *end)
{
  while (at < end && (*at == ' ' || *at == '\n' || *at == '\r' || *at == '\t'))
    at++;
  return at;
}

static gboolean
fail (Scanner *scanner, const char *rule)
{
  scanner->rule = rule;
  return FALSE;
}

static gboolean
scan_literal (Scanner *scanner, const char *literal)
{
  gsize length = strlen (literal);

  if ((gsize) (scanner->end - scanner->at) < length || memcmp (scanner->at, literal, length) != 0)
    return fail (scanner, _ ("a value is expected here"));
  scanner->at += length;
  return TRUE;
}

static gboolean
scan_digits (Scanner *scanner)
{
  const char *start = scanner->at;

  while (scanner->at < scanner->end && g_ascii_isdigit (*scanner->at))
    scanner->at++;
  return scanner->at > start || fail (scanner, _ ("a digit is expected here"));
}

static gboolean
scan_number (Scanner *scanner)
{
  if (*scanner->at == '-')
    scanner->at++;
  if (scanner->at < scanner->end && *scanner->at == '0')
    scanner->at++;
  else if (!scan_digits (scanner))
    return FALSE;
  if (scanner->at < scanner->end && g_ascii_isdigit (*scanner->at))
    return fail (scanner, _ ("a number has no leading zeros"));
  if (scanner->at < scanner->end && *scanner->at == '.')
    {
      scanner->at++;
      if (!scan_digits (scanner))
        return FALSE;
    }
  if (scanner->at < scanner->end && (*scanner->at == 'e' || *scanner->at == 'E'))
    {
      scanner->at++;
      if (scanner->at < scanner->end && (*scanner->at == '+' || *scanner->at == '-'))
        scanner->at++;
      return scan_digits (scanner);
    }
  return TRUE;
}

/* Four hexadecimal digits, or -1. */
static int
read_hex4 (const char *at, const char *end)
{
  int value = 0;

  if (end - at < 4)
    return -1;
  for (int i = 0; i < 4; i++)
    {
      if (!g_ascii_isxdigit (at[i]))
        return -1;
      value = value * 16 + g_ascii_xdigit_value (at[i]);
    }
  return value;
}

/* At the `u` of `\u`. A surrogate counts only as half of a pair (RFC 8259, section 8.2). */
static gboolean
scan_unicode_escape (Scanner *scanner)
{
  int unit = read_hex4 (scanner->at + 1, scanner->end);

  if (unit < 0)
    return fail (scanner, _ ("\\u is followed by four hexadecimal digits"));
  scanner->at += 5;
  if (unit < 0xd800 || unit > 0xdfff)
    return TRUE;
  if (unit <= 0xdbff && scanner->end - scanner->at >= 6 && scanner->at[0] == '\\'
      && scanner->at[1] == 'u')
    {
      int low = read_hex4 (scanner->at + 2, scanner->end);

      if (low >= 0xdc00 && low <= 0xdfff)
        {
          scanner->at += 6;
          return TRUE;
        }
    }
  return fail (scanner, _ ("a surrogate stands alone"));
}

static gboolean
scan_escape (Scanner *scanner)
{
  scanner->at++;
  if (scanner->at < scanner->end)
    {
      if (*scanner->at == 'u')
        return scan_unicode_escape (scanner);
      if (*scanner->at != '\0' && strchr ("\"\\/bfnrt", *scanner->at) != NULL)
        {
          scanner->at++;
          return TRUE;
        }
    }
  return fail (scanner, _ ("this escape does not exist in JSON"));
}

#define EACH_BYTE(byte) (G_MAXUINT64 / 0xff * (byte))

/* Eight bytes, the first of them the lowest. */
static guint64
load_eight (const char *at)
{
  guint64 eight;

  memcpy (&eight, at, sizeof eight);
  return GUINT64_FROM_LE (eight);
}

/* Sets the high bit of each byte below @limit, of those after the first one perhaps of others as well. */
static guint64
mark_below (guint64 eight, guint8 limit)
{
  return (eight - EACH_BYTE (limit)) & ~eight & EACH_BYTE (0x80);
}

/* The first byte of a string's inside that does not stand for itself: its end, an escape, or a control character. */
static const char *
skip_plain (const char *at, const char *end)
{
  for (; end - at >= 8; at += 8)
    {
      guint64 eight = load_eight (at);
      guint64 marks = mark_below (eight, 0x20) | mark_below (eight ^ EACH_BYTE ('"'), 1)
                      | mark_below (eight ^ EACH_BYTE ('\\'), 1);

      if (marks != 0)
        return at + __builtin_ctzll (marks) / 8;
    }
  while (at < end && *at != '"' && *at != '\\' && (guchar) *at >= 0x20)
    at++;
  return at;
}

static gboolean
is_ascii (const char *at, const char *end)
{
  guint64 seen = 0;

  for (; end - at >= 8; at += 8)
    seen |= load_eight (at);
  for (; at < end; at++)
    seen |= (guchar) *at;
  return (seen & EACH_BYTE (0x80)) == 0;
}

static gboolean
scan_string (Scanner *scanner)
{
  scanner->at++;
  for (;;)
    {
      scanner->at = skip_plain (scanner->at, scanner->end);
      if (scanner->at == scanner->end)
        return fail (scanner, _ ("the text ends within a string"));
      if (*scanner->at == '"')
        {
          scanner->at++;
          return TRUE;
        }
      if (*scanner->at != '\\')
        return fail (scanner, _ ("a control character in a string is written as an escape"));
      if (!scan_escape (scanner))
        return FALSE;
    }
}

static gboolean
scan_scalar (Scanner *scanner)
{
  switch (*scanner->at)
    {
    case '"':
      return scan_string (scanner);
    case 't':
      return scan_literal (scanner, "true");
    case 'f':
      return scan_literal (scanner, "false");
    case 'n':
      return scan_literal (scanner, "null");
    default:
      if (*scanner->at == '-' || g_ascii_isdigit (*scanner->at))
        return scan_number (scanner);
      return fail (scanner, _ ("a value is expected here"));
    }
}

/* A name and its colon. */
static gboolean
scan_name (Scanner *scanner, guint depth)
{
  HeartbeatJson name = { scanner->at, NULL };

  if (scanner->at >= scanner->end || *scanner->at != '"')
    return fail (scanner, _ ("a member's name in double quotes is expected here"));
  if (!scan_string (scanner))
    return FALSE;
  name.end = scanner->at;
  scanner->at = skip_space (scanner->at, scanner->end);
  if (scanner->at >= scanner->end || *scanner->at != ':')
    return fail (scanner, _ ("a colon is expected here"));
  scanner->at = skip_space (scanner->at + 1, scanner->end);
  if (scanner->visit != NULL)
    scanner->visit (depth, &name, scanner->at, scanner->user_data);
  return TRUE;
}

/* After a value: closes what ends here, and goes to where the next value begins. Leaves `depth` 0 at the end of all. */
static gboolean
scan_after_value (Scanner *scanner, const char *open, guint *depth)
{
  while (*depth > 0)
    {
      gboolean object = open[*depth - 1] == '{';

      scanner->at = skip_space (scanner->at, scanner->end);
      if (scanner->at >= scanner->end)
        return fail (scanner, object ? _ ("the text ends within an object")
                                     : _ ("the text ends within an array"));
      if (*scanner->at == ',')
        {
          scanner->at = skip_space (scanner->at + 1, scanner->end);
          return !object || scan_name (scanner, *depth);
        }
      if (*scanner->at != (object ? '}' : ']'))
        return fail (scanner, object ? _ ("a comma or } is expected here")
                                     : _ ("a comma or ] is expected here"));
      scanner->at++;
      (*depth)--;
    }
  return TRUE;
}

/* At a bracket: goes to the first value inside, or past an empty container, which then is a whole value. */
static gboolean
scan_open (Scanner *scanner, char *open, guint *depth, gboolean *whole)
{
  gboolean object = *scanner->at == '{';

  if (*depth == HEARTBEAT_JSON_MAX_DEPTH)
    return fail (scanner, _ ("nesting is deeper than 64"));
  open[(*depth)++] = *scanner->at;
  scanner->at = skip_space (scanner->at + 1, scanner->end);
  *whole = scanner->at < scanner->end && *scanner->at == (object ? '}' : ']');
  if (*whole)
    {
      scanner->at++;
      (*depth)--;
      return TRUE;
    }
  return !object || scan_name (scanner, *depth);
}

/* An explicit stack of brackets instead of recursion: the depth of a text never is the depth of ours. */
static gboolean
scan_value (Scanner *scanner)
{
  char open[HEARTBEAT_JSON_MAX_DEPTH];
  guint depth = 0;

  do
    {
      gboolean whole = TRUE;

      if (scanner->at >= scanner->end)
        return fail (scanner, _ ("the text ends where a value is expected"));
      if (*scanner->at == '{' || *scanner->at == '[')
        {
          if (!scan_open (scanner, open, &depth, &whole))
            return FALSE;
        }
      else if (!scan_scalar (scanner))
        return FALSE;

      if (whole && !scan_after_value (scanner, open, &depth))
        return FALSE;
    }
  while (depth > 0);
  return TRUE;
}

static gboolean
scan_text (Scanner *scanner, HeartbeatJson *root)
{
  scanner->at = skip_space (scanner->at, scanner->end);
  root->start = scanner->at;
  if (!scan_value (scanner))
    return FALSE;
  root->end = scanner->at;
  scanner->at = skip_space (scanner->at, scanner->end);
  return scanner->at == scanner->end || fail (scanner, _ ("nothing may follow the value"));
}

static const char *
find_fault (Scanner *scanner, HeartbeatJsonFlags flags, HeartbeatJson *root)
{
  const char *text = scanner->at, *invalid = NULL;
  gsize length = scanner->end - text;

  if ((flags & HEARTBEAT_JSON_ALLOW_BOM) && length >= 3 && memcmp (text, BOM, 3) == 0)
    scanner->at += 3;
  if (!scan_text (scanner, root))
    return scanner->at;
  if (is_ascii (text, scanner->end) || g_utf8_validate_len (text, length, &invalid))
    return NULL;
  scanner->rule = _ ("this byte is not UTF-8");
  return invalid;
}

/**
 * heartbeat_json_find_fault:
 * @text: (array length=length): a text, not necessarily with a NUL at its end
 * @length: its length in bytes
 * @flags: %HEARTBEAT_JSON_ALLOW_BOM for files
 * @root: (out caller-allocates): the value
 * @rule: (out): the rule that @text breaks
 *
 * Reads @text as RFC 8259 has it, in UTF-8, without lone surrogates and nested no deeper than
 * %HEARTBEAT_JSON_MAX_DEPTH. Every other function here takes only what this one has accepted.
 *
 * Returns: (nullable): where @text breaks @rule; %NULL where it is one JSON value
 */
const char *
heartbeat_json_find_fault (const char *text,
                           gsize length,
                           HeartbeatJsonFlags flags,
                           HeartbeatJson *root,
                           const char **rule)
{
  Scanner scanner = { .at = text, .end = text + length };
  const char *fault;

  g_return_val_if_fail (text != NULL, NULL);
  g_return_val_if_fail (root != NULL, NULL);

  fault = find_fault (&scanner, flags, root);
  if (fault != NULL)
    *rule = scanner.rule;
  return fault;
}

static gboolean
scan (Scanner *scanner, HeartbeatJsonFlags flags, HeartbeatJson *root, GError **error)
{
  const char *start = scanner->at;
  const char *fault = find_fault (scanner, flags, root);
  guint line, column;

  if (fault == NULL)
    return TRUE;
  heartbeat_json_position (start, fault, &line, &column);
  g_set_error (error, HEARTBEAT_ERROR, HEARTBEAT_ERROR_INVALID_ARGUMENT,
               _ ("line %u, column %u: %s"), line, column, scanner->rule);
  return FALSE;
}

/**
 * heartbeat_json_scan:
 * @text: (array length=length) (nullable): a text, not necessarily with a NUL at its end
 * @length: its length in bytes
 * @flags: %HEARTBEAT_JSON_ALLOW_BOM for files
 * @root: (out caller-allocates): the value
 * @error: return location for a #HeartbeatError, naming line, column and rule
 *
 * As heartbeat_json_find_fault().
 *
 * Returns: whether @text is one JSON value
 */
gboolean
heartbeat_json_scan (const char *text,
                     gsize length,
                     HeartbeatJsonFlags flags,
                     HeartbeatJson *root,
                     GError **error)
{
  const char *start = text != NULL ? text : "";
  Scanner scanner = { .at = start, .end = start + length };

  g_return_val_if_fail (text != NULL || length == 0, FALSE);
  g_return_val_if_fail (root != NULL, FALSE);

  return scan (&scanner, flags, root, error);
}

/**
 * heartbeat_json_visit:
 * @text: (array length=length) (nullable): a text, not necessarily with a NUL at its end
 * @length: its length in bytes
 * @visit: called for each member, also of a text that is not accepted in the end
 * @user_data: passed to @visit
 * @root: (out caller-allocates): the value
 * @error: return location for a #HeartbeatError, naming line, column and rule
 *
 * Reads @text as heartbeat_json_scan() does, and tells of its members on the way: for who looks for few of them in a text that
 * is read once.
 *
 * Returns: whether @text is one JSON value
 */
gboolean
heartbeat_json_visit (const char *text,
                      gsize length,
                      HeartbeatJsonVisit visit,
                      gpointer user_data,
                      HeartbeatJson *root,
                      GError **error)
{
  const char *start = text != NULL ? text : "";
  Scanner scanner = { .at = start, .end = start + length, .visit = visit, .user_data = user_data };

  g_return_val_if_fail (text != NULL || length == 0, FALSE);
  g_return_val_if_fail (root != NULL, FALSE);

  return scan (&scanner, HEARTBEAT_JSON_NONE, root, error);
}

/**
 * heartbeat_json_cursor_init:
 * @cursor: (out caller-allocates): the cursor
 * @text: (array length=length): a text
 * @length: its length in bytes
 *
 * Starts at line 1, column 1.
 */
void
heartbeat_json_cursor_init (HeartbeatJsonCursor *cursor, const char *text, gsize length)
{
  gboolean bom = length >= 3 && memcmp (text, BOM, 3) == 0;

  *cursor = (HeartbeatJsonCursor){ text + (bom ? 3 : 0), 1, 1 };
}

/**
 * heartbeat_json_cursor_advance:
 * @cursor: a cursor
 * @at: a byte in its text, or its end, not before the cursor
 *
 * Goes on to @at, and counts lines and columns as editors do. Many places cost one pass over the text where they are
 * asked for in its order.
 */
void
heartbeat_json_cursor_advance (HeartbeatJsonCursor *cursor, const char *at)
{
  for (; cursor->at < at; cursor->at++)
    {
      char c = *cursor->at;

      if (c == '\n' || (c == '\r' && (cursor->at + 1 == at || cursor->at[1] != '\n')))
        {
          cursor->line++;
          cursor->column = 1;
        }
      else if ((c & 0xc0) != 0x80)
        cursor->column++;
    }
}

/**
 * heartbeat_json_position:
 * @text: the start of a text
 * @at: a byte in it, or its end
 * @line: (out): the line, from 1
 * @column: (out): the column in characters, from 1
 *
 * Says where a byte is. Each call counts from the start: for many places take a #HeartbeatJsonCursor.
 */
void
heartbeat_json_position (const char *text, const char *at, guint *line, guint *column)
{
  HeartbeatJsonCursor cursor;

  heartbeat_json_cursor_init (&cursor, text, at - text);
  heartbeat_json_cursor_advance (&cursor, at);
  *line = cursor.line;
  *column = cursor.column;
}

gboolean
heartbeat_json_is_object (const HeartbeatJson *value)
{
  return *value->start == '{';
}

gboolean
heartbeat_json_is_array (const HeartbeatJson *value)
{
  return *value->start == '[';
}

gboolean
heartbeat_json_is_string (const HeartbeatJson *value)
{
  return *value->start == '"';
}

gboolean
heartbeat_json_is_null (const HeartbeatJson *value)
{
  return *value->start == 'n';
}

/* The byte after the string that starts at @at, in a text that ends at @end. */
static const char *
skip_string (const char *at, const char *end)
{
  for (at = skip_plain (at + 1, end); *at != '"'; at = skip_plain (at, end))
    at += 2;
  return at + 1;
}

/* The byte after the container that starts at @at: strings hide brackets, all else is counted. */
static const char *
skip_container (const char *at, const char *end)
{
  guint depth = 0;

  while (at < end)
    {
      if (*at == '"')
        {
          at = skip_string (at, end);
          continue;
        }
      if (*at == '{' || *at == '[')
        depth++;
      else if ((*at == '}' || *at == ']') && --depth == 0)
        return at + 1;
      at++;
    }
  return end;
}

static gboolean
follows_scalar (char c)
{
  return c == ',' || c == '}' || c == ']' || c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* The byte after the value that starts at @at. */
static const char *
skip_value (const char *at, const char *end)
{
  if (*at == '"')
    return skip_string (at, end);
  if (*at == '{' || *at == '[')
    return skip_container (at, end);
  while (at < end && !follows_scalar (*at))
    at++;
  return at;
}

/**
 * heartbeat_json_take_value:
 * @value: (out caller-allocates): the value
 * @start: where it begins
 * @root: the accepted text in which it is
 *
 * Makes a value of what a #HeartbeatJsonVisit was told.
 */
void
heartbeat_json_take_value (HeartbeatJson *value, const char *start, const HeartbeatJson *root)
{
  value->start = start;
  value->end = skip_value (start, root->end);
}

/**
 * heartbeat_json_iter_init:
 * @iter: (out caller-allocates): the iterator
 * @container: an object or an array
 *
 * Starts before the first member or element.
 */
void
heartbeat_json_iter_init (HeartbeatJsonIter *iter, const HeartbeatJson *container)
{
  iter->end = container->end - 1;
  iter->next = skip_space (container->start + 1, iter->end);
}

static gboolean
iter_value (HeartbeatJsonIter *iter, HeartbeatJson *value)
{
  value->start = iter->next;
  value->end = skip_value (iter->next, iter->end);
  iter->next = skip_space (value->end, iter->end);
  if (iter->next < iter->end)
    iter->next = skip_space (iter->next + 1, iter->end);
  return TRUE;
}

/**
 * heartbeat_json_iter_member:
 * @iter: an iterator over an object
 * @name: (out caller-allocates): the name, a string value with its quotes
 * @value: (out caller-allocates): the value
 *
 * Returns: %FALSE after the last member
 */
gboolean
heartbeat_json_iter_member (HeartbeatJsonIter *iter, HeartbeatJson *name, HeartbeatJson *value)
{
  if (iter->next >= iter->end)
    return FALSE;
  name->start = iter->next;
  name->end = skip_string (iter->next, iter->end);
  iter->next = skip_space (skip_space (name->end, iter->end) + 1, iter->end);
  return iter_value (iter, value);
}

/**
 * heartbeat_json_iter_element:
 * @iter: an iterator over an array
 * @value: (out caller-allocates): the element
 *
 * Returns: %FALSE after the last element
 */
gboolean
heartbeat_json_iter_element (HeartbeatJsonIter *iter, HeartbeatJson *value)
{
  return iter->next < iter->end && iter_value (iter, value);
}

/**
 * heartbeat_json_get_member:
 * @object: an object
 * @name: a member's name
 * @value: (out caller-allocates): its value; of duplicate members the last counts
 *
 * Returns: whether @object has such a member
 */
gboolean
heartbeat_json_get_member (const HeartbeatJson *object, const char *name, HeartbeatJson *value)
{
  HeartbeatJsonIter iter;
  HeartbeatJson key, candidate;
  gboolean found = FALSE;

  heartbeat_json_iter_init (&iter, object);
  while (heartbeat_json_iter_member (&iter, &key, &candidate))
    {
      if (!heartbeat_json_equals (&key, name))
        continue;
      *value = candidate;
      found = TRUE;
    }
  return found;
}

/**
 * heartbeat_json_equals_text:
 * @string: any value
 * @text: a text
 * @text_length: its length in bytes
 *
 * The rest of heartbeat_json_equals().
 *
 * Returns: whether @string is a string and means @text, escaped or not
 */
gboolean
heartbeat_json_equals_text (const HeartbeatJson *string, const char *text, gsize text_length)
{
  const char *inside = string->start + 1;
  gsize length = string->end - string->start;
  g_autofree char *unescaped = NULL;
  gsize unescaped_length;

  if (*string->start != '"' || length < text_length + 2)
    return FALSE;
  if (length == text_length + 2)
    return memcmp (inside, text, text_length) == 0 && memchr (text, '\\', text_length) == NULL;
  if (memchr (inside, '\\', length - 2) == NULL)
    return FALSE;
  unescaped = heartbeat_json_dup_string (string, &unescaped_length);
  return unescaped_length == text_length && memcmp (unescaped, text, text_length) == 0;
}

static void
append_escape (GString *out, const char **at, const char *end)
{
  static const char names[] = "bfnrt", values[] = "\b\f\n\r\t";
  const char *name;
  gunichar c;

  (*at)++;
  if (**at != 'u')
    {
      name = strchr (names, **at);
      g_string_append_c (out, name != NULL ? values[name - names] : **at);
      (*at)++;
      return;
    }
  c = read_hex4 (*at + 1, end);
  *at += 5;
  if (c >= 0xd800 && c <= 0xdbff)
    {
      c = 0x10000 + ((c - 0xd800) << 10) + (read_hex4 (*at + 2, end) - 0xdc00);
      *at += 6;
    }
  g_string_append_unichar (out, c);
}

/**
 * heartbeat_json_dup_string:
 * @string: a string value
 * @length: (out) (optional): the length in bytes: `\u0000` is a NUL within
 *
 * Returns: (transfer full): what the string means, in UTF-8
 */
char *
heartbeat_json_dup_string (const HeartbeatJson *string, gsize *length)
{
  const char *at = string->start + 1, *end = string->end - 1;
  GString *out = g_string_sized_new (end - at);

  while (at < end)
    {
      if (*at == '\\')
        append_escape (out, &at, end);
      else
        g_string_append_c (out, *at++);
    }
  if (length != NULL)
    *length = out->len;
  return g_string_free (out, FALSE);
}

/**
 * heartbeat_json_dup_c_string:
 * @value: any value
 *
 * For texts whose rest after a NUL nobody would see, so that they would not be what they look like.
 *
 * Returns: (transfer full) (nullable): what the string means, in UTF-8; %NULL where it is no string or has a NUL within
 */
char *
heartbeat_json_dup_c_string (const HeartbeatJson *value)
{
  g_autofree char *text = NULL;
  gsize length;

  if (!heartbeat_json_is_string (value))
    return NULL;
  text = heartbeat_json_dup_string (value, &length);
  return strlen (text) == length ? g_steal_pointer (&text) : NULL;
}

/**
 * heartbeat_json_dup_text:
 * @value: any value
 *
 * Returns: (transfer full): the value as it is written
 */
char *
heartbeat_json_dup_text (const HeartbeatJson *value)
{
  return g_strndup (value->start, value->end - value->start);
}

/**
 * heartbeat_json_get_boolean:
 * @value: any value
 * @result: (out): the truth
 *
 * Returns: whether @value is `true` or `false`
 */
gboolean
heartbeat_json_get_boolean (const HeartbeatJson *value, gboolean *result)
{
  *result = *value->start == 't';
  return *value->start == 't' || *value->start == 'f';
}

/* The usual form, without an allocation: up to 15 digits are below 2^53. */
static gboolean
read_plain_integer (const HeartbeatJson *value, gint64 *result)
{
  gboolean negative = *value->start == '-';
  const char *at = value->start + negative;
  gint64 number = 0;

  if (value->end - at > 15)
    return FALSE;
  for (; at < value->end; at++)
    {
      if (!g_ascii_isdigit (*at))
        return FALSE;
      number = number * 10 + (*at - '0');
    }
  *result = negative ? -number : number;
  return TRUE;
}

/**
 * heartbeat_json_get_integer:
 * @value: any value
 * @result: (out): the integer
 *
 * Any number with a whole value of at most 2^53 - 1 is an integer, however it is written: 900000, 900000.0, 9e5.
 *
 * Returns: whether @value is such a number
 */
gboolean
heartbeat_json_get_integer (const HeartbeatJson *value, gint64 *result)
{
  g_autofree char *text = NULL;
  double number;

  if (*value->start != '-' && !g_ascii_isdigit (*value->start))
    return FALSE;
  if (read_plain_integer (value, result))
    return TRUE;
  text = heartbeat_json_dup_text (value);
  number = g_ascii_strtod (text, NULL);
  if (!(fabs (number) <= HEARTBEAT_JSON_MAX_INTEGER) || number != floor (number))
    return FALSE;
  *result = (gint64) number;
  return TRUE;
}

/**
 * heartbeat_json_quote:
 * @text: a text in UTF-8
 *
 * Returns: (transfer full): @text as a JSON string, with its quotes
 */
char *
heartbeat_json_quote (const char *text)
{
  GString *out = g_string_new ("\"");

  for (; *text != '\0'; text++)
    {
      if (*text == '"' || *text == '\\')
        g_string_append_c (out, '\\');
      if ((guchar) *text < 0x20)
        g_string_append_printf (out, "\\u%04x", (guint) (guchar) *text);
      else
        g_string_append_c (out, *text);
    }
  g_string_append_c (out, '"');
  return g_string_free (out, FALSE);
}

/**
 * heartbeat_json_print:
 * @node: a value
 * @pretty: whether each member has its own line
 *
 * Escapes every control character: json_to_string() leaves U+001F as it is, which is not JSON.
 *
 * Returns: (transfer full): @node as JSON
 */
char *
heartbeat_json_print (JsonNode *node, gboolean pretty)
{
  g_autofree char *text = json_to_string (node, pretty);
  GString *out = g_string_new (text);

  g_string_replace (out, "\x1f", "\\u001f", 0);
  return g_string_free (out, FALSE);
}
