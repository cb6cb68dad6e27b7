/* SPDX-License-Identifier: MIT */

#include "broker/heartbeat-ack-window.h"

static void
note (guint64 tag, gboolean multiple, HeartbeatDisposition disposition, gpointer user_data)
{
  static const char *const words[] = { "ack", "reject", "requeue" };

  g_string_append_printf (user_data, "%s%" G_GUINT64_FORMAT "%s ", words[disposition], tag,
                          multiple ? "+" : "");
}

static HeartbeatDisposition
read_disposition (char letter)
{
  if (letter == 'a')
    return HEARTBEAT_DISPOSITION_ACKNOWLEDGE;
  return letter == 'r' ? HEARTBEAT_DISPOSITION_REJECT : HEARTBEAT_DISPOSITION_REQUEUE;
}

/* One step a letter: deliver the next one, or settle: "a3" acknowledges, "r3" rejects, "q3" requeues, "." flushes. */
static void
test_window (gconstpointer data)
{
  const char *const *test = data;
  g_autoptr (HeartbeatAckWindow) window = heartbeat_ack_window_new ();
  g_autoptr (GString) sent = g_string_new (NULL);
  guint64 next = 1;

  for (const char *p = test[0]; *p != '\0'; p++)
    {
      if (*p == 'd')
        heartbeat_ack_window_add (window, next++);
      else if (*p == '.')
        heartbeat_ack_window_flush (window, note, sent);
      else if (*p == 'c')
        heartbeat_ack_window_clear (window);
      else
        {
          heartbeat_ack_window_settle (window, (guint64) (p[1] - '0'), read_disposition (*p));
          p++;
        }
    }
  g_assert_cmpstr (sent->str, ==, test[1]);
}

static const char *const windows[][2] = {
  { ".", "" },
  { "d.", "" },
  { "da1.", "ack1 " },
  { "da1..", "ack1 " },
  { "dddda1a2a3a4.", "ack4+ " },
  { "ddda1a3.", "ack1 ack3 " },
  { "ddda1a3.a2.", "ack1 ack3 ack2 " },
  { "ddda2a3.a1.", "ack2 ack3 ack1 " },
  { "ddda1r2a3.", "reject2 ack3+ " },
  { "ddr1r2.", "reject1 reject2 " },
  { "dddq1r2a3.", "requeue1 reject2 ack3 " },
  { "da1r1a1.", "ack1 " },
  { "da1.a1.", "ack1 " },
  { "da9.", "" },
  { "ddca1a2.", "" },
  { "dddda2a4.da5.a1a3.", "ack2 ack4 ack5 ack3+ " },
};

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  for (gsize i = 0; i < G_N_ELEMENTS (windows); i++)
    {
      g_autofree char *path = g_strdup_printf ("/inbox/acknowledgements/%s", windows[i][0]);

      g_test_add_data_func (path, windows[i], test_window);
    }

  return g_test_run ();
}
