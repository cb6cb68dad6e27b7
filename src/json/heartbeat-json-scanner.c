/* SPDX-License-Identifier: MIT */

#include "json/heartbeat-json-scanner.h"

#include <string.h>

#include "base/heartbeat-error.h"
#include "base/heartbeat-i18n.h"

#define BOM "\xef\xbb\xbf"

/* The grammar of RFC 8259 and nothing more. json-glib accepts comments, single quotes and an empty text, and overflows the
 * stack on deep nesting, so every text from outside is scanned first. */

typedef struct
{
  const char *at;
  const char *end;
  const char *rule; /* what the text at `at` breaks, set where scanning stops */
  gboolean is_ascii;
  HeartbeatJsonMemberFunc on_member; /* or NULL */
  gpointer user_data;
} Scanner;

/* NUL at the end of the text: it is valid nowhere, so only messages need to tell the two apart. */
static char
peek (const Scanner *scanner)
{
  return scanner->at < scanner->end ? *scanner->at : '\0';
}

static gboolean
fail (Scanner *scanner, const char *rule)
{
  scanner->rule = rule;
  return FALSE;
}

static gboolean
take (Scanner *scanner, char c)
{
  if (peek (scanner) != c)
    return FALSE;
  scanner->at++;
  return TRUE;
}

static void
skip_space (Scanner *scanner)
{
  while (take (scanner, ' ') || take (scanner, '\n') || take (scanner, '\r')
         || take (scanner, '\t'))
    ;
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
  if (!g_ascii_isdigit (peek (scanner)))
    return fail (scanner, _ ("a digit is expected here"));
  while (g_ascii_isdigit (peek (scanner)))
    scanner->at++;
  return TRUE;
}

static gboolean
scan_number (Scanner *scanner)
{
  take (scanner, '-');
  if (!take (scanner, '0') && !scan_digits (scanner))
    return FALSE;
  if (g_ascii_isdigit (peek (scanner)))
    return fail (scanner, _ ("a number has no leading zeros"));
  if (take (scanner, '.') && !scan_digits (scanner))
    return FALSE;
  if (!take (scanner, 'e') && !take (scanner, 'E'))
    return TRUE;
  if (!take (scanner, '+'))
    take (scanner, '-');
  return scan_digits (scanner);
}

/* Four hexadecimal digits, or -1. */
static int
scan_hex4 (Scanner *scanner)
{
  int value = 0;

  for (int i = 0; i < 4; i++)
    {
      if (!g_ascii_isxdigit (peek (scanner)))
        return -1;
      value = value * 16 + g_ascii_xdigit_value (*scanner->at++);
    }
  return value;
}

/* After `\\u`. A surrogate counts only as half of a pair (RFC 8259, section 8.2). */
static gboolean
scan_unicode_escape (Scanner *scanner)
{
  const char *start = scanner->at - 1;
  int unit = scan_hex4 (scanner), low = -1;

  if (unit < 0)
    {
      scanner->at = start;
      return fail (scanner, _ ("\\u is followed by four hexadecimal digits"));
    }
  if (unit < 0xd800 || unit > 0xdfff)
    return TRUE;
  start = scanner->at;
  if (unit <= 0xdbff && take (scanner, '\\') && take (scanner, 'u'))
    low = scan_hex4 (scanner);
  if (low >= 0xdc00 && low <= 0xdfff)
    return TRUE;
  scanner->at = start;
  return fail (scanner, _ ("a surrogate stands alone"));
}

/* After a backslash. */
static gboolean
scan_escape (Scanner *scanner)
{
  const char c = peek (scanner);

  if (take (scanner, 'u'))
    return scan_unicode_escape (scanner);
  if (c == '\0' || strchr ("\"\\/bfnrt", c) == NULL)
    return fail (scanner, _ ("this escape does not exist in JSON"));
  scanner->at++;
  return TRUE;
}

/* Bytes that are not ASCII are valid in a string alone; what they are is looked at in the end. */
static void
skip_plain (Scanner *scanner)
{
  static const guint8 is_special[256] = { [0 ... 0x1f] = 1, ['"'] = 1, ['\\'] = 1 };
  const char *at = scanner->at;
  guchar all = 0;

  for (; at < scanner->end && !is_special[(guchar) *at]; at++)
    all |= (guchar) *at;
  scanner->is_ascii = scanner->is_ascii && all < 0x80;
  scanner->at = at;
}

static gboolean
scan_string (Scanner *scanner)
{
  scanner->at++;
  for (;;)
    {
      skip_plain (scanner);
      if (scanner->at == scanner->end)
        return fail (scanner, _ ("the text ends within a string"));
      if (take (scanner, '"'))
        return TRUE;
      if (!take (scanner, '\\'))
        return fail (scanner, _ ("a control character in a string is written as an escape"));
      if (!scan_escape (scanner))
        return FALSE;
    }
}

static gboolean
scan_scalar (Scanner *scanner)
{
  switch (peek (scanner))
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
      if (peek (scanner) == '-' || g_ascii_isdigit (peek (scanner)))
        return scan_number (scanner);
      return fail (scanner, _ ("a value is expected here"));
    }
}

/* A name and its colon. */
static gboolean
scan_name (Scanner *scanner, guint depth)
{
  HeartbeatJson name = { .start = scanner->at };

  if (peek (scanner) != '"')
    return fail (scanner, _ ("a member's name in double quotes is expected here"));
  if (!scan_string (scanner))
    return FALSE;
  name.end = scanner->at;
  skip_space (scanner);
  if (!take (scanner, ':'))
    return fail (scanner, _ ("a colon is expected here"));
  skip_space (scanner);
  if (scanner->on_member != NULL)
    scanner->on_member (depth, &name, scanner->at, scanner->user_data);
  return TRUE;
}

/* After a value: closes what ends here, and goes to where the next value begins. Leaves `depth` 0 at the end of all. */
static gboolean
scan_after_value (Scanner *scanner, const char *open, guint *depth)
{
  for (; *depth > 0; (*depth)--)
    {
      gboolean object = open[*depth - 1] == '{';

      skip_space (scanner);
      if (scanner->at == scanner->end)
        return fail (scanner, object ? _ ("the text ends within an object")
                                     : _ ("the text ends within an array"));
      if (take (scanner, ','))
        {
          skip_space (scanner);
          return !object || scan_name (scanner, *depth);
        }
      if (!take (scanner, object ? '}' : ']'))
        return fail (scanner, object ? _ ("a comma or } is expected here")
                                     : _ ("a comma or ] is expected here"));
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
  open[*depth] = *scanner->at++;
  skip_space (scanner);
  *whole = take (scanner, object ? '}' : ']');
  if (*whole)
    return TRUE;
  (*depth)++;
  return !object || scan_name (scanner, *depth);
}

/* An explicit stack of brackets instead of recursion, so that a text cannot exhaust ours. */
static gboolean
scan_value (Scanner *scanner)
{
  char open[HEARTBEAT_JSON_MAX_DEPTH];
  guint depth = 0;

  do
    {
      gboolean whole = TRUE;

      if (scanner->at == scanner->end)
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
  skip_space (scanner);
  root->start = scanner->at;
  if (!scan_value (scanner))
    return FALSE;
  root->end = scanner->at;
  skip_space (scanner);
  return scanner->at == scanner->end || fail (scanner, _ ("nothing may follow the value"));
}

static const char *
find_fault (Scanner *scanner, const char *text, gsize length, HeartbeatJson *root)
{
  const char *invalid = NULL;

  if (!scan_text (scanner, root))
    return scanner->at;
  if (scanner->is_ascii || g_utf8_validate_len (text, length, &invalid))
    return NULL;
  scanner->rule = _ ("this byte is not UTF-8");
  return invalid;
}

static void
set_error (GError **error, const char *text, gsize length, const char *fault, const char *rule)
{
  HeartbeatJsonCursor cursor;

  heartbeat_json_cursor_init (&cursor, text, length);
  heartbeat_json_cursor_advance (&cursor, fault);
  g_set_error (error, HEARTBEAT_ERROR, HEARTBEAT_ERROR_INVALID_ARGUMENT,
               _ ("line %u, column %u: %s"), cursor.line, cursor.column, rule);
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
 * Returns: (nullable): where @text breaks @rule; %NULL if it is one JSON value
 */
const char *
heartbeat_json_find_fault (const char *text,
                           gsize length,
                           HeartbeatJsonFlags flags,
                           HeartbeatJson *root,
                           const char **rule)
{
  Scanner scanner = { .at = text, .end = text + length, .is_ascii = TRUE };
  const char *fault = NULL;

  g_return_val_if_fail (text != NULL, NULL);
  g_return_val_if_fail (root != NULL, NULL);
  g_return_val_if_fail (rule != NULL, NULL);

  if ((flags & HEARTBEAT_JSON_ALLOW_BOM) && length >= 3 && memcmp (text, BOM, 3) == 0)
    scanner.at += 3;
  fault = find_fault (&scanner, text, length, root);
  if (fault != NULL)
    *rule = scanner.rule;
  return fault;
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
  const char *fault = NULL, *rule = NULL;

  g_return_val_if_fail (text != NULL || length == 0, FALSE);
  g_return_val_if_fail (root != NULL, FALSE);

  fault = heartbeat_json_find_fault (start, length, flags, root, &rule);
  if (fault != NULL)
    set_error (error, start, length, fault, rule);
  return fault == NULL;
}

/**
 * heartbeat_json_scan_members:
 * @text: (array length=length) (nullable): a text, not necessarily with a NUL at its end
 * @length: its length in bytes
 * @func: (scope call): called for each member of each object, in the order of the text
 * @user_data: passed to @func
 * @root: (out caller-allocates): the value
 * @error: return location for a #HeartbeatError, naming line, column and rule
 *
 * As heartbeat_json_scan(), for who needs few members of a message and reads it once. What @func was told counts only
 * where this returns %TRUE.
 *
 * Returns: whether @text is one JSON value
 */
gboolean
heartbeat_json_scan_members (const char *text,
                             gsize length,
                             HeartbeatJsonMemberFunc func,
                             gpointer user_data,
                             HeartbeatJson *root,
                             GError **error)
{
  const char *start = text != NULL ? text : "";
  const char *fault = NULL;
  Scanner scanner = {
    .at = start,
    .end = start + length,
    .is_ascii = TRUE,
    .on_member = func,
    .user_data = user_data,
  };

  g_return_val_if_fail (text != NULL || length == 0, FALSE);
  g_return_val_if_fail (func != NULL, FALSE);
  g_return_val_if_fail (root != NULL, FALSE);

  fault = find_fault (&scanner, start, length, root);
  if (fault != NULL)
    set_error (error, start, length, fault, scanner.rule);
  return fault == NULL;
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
  gboolean bom;

  g_return_if_fail (cursor != NULL);
  g_return_if_fail (text != NULL);

  bom = length >= 3 && memcmp (text, BOM, 3) == 0;
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
  g_return_if_fail (cursor != NULL);
  g_return_if_fail (at != NULL);

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
