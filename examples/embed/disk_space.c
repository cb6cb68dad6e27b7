/* A program that embeds a consumer, with a handler of its own: `disk_space` fails when the disk gets full.
 *
 *     "disk": {"handler": "disk_space", "cadenceMs": 900000, "meta": {"minFreePercent": 10}}
 *
 * Usage: disk_space HEARTBEAT_JSON. Ticks come from the broker of RABBIT_URL, without that from a timer.
 *
 *     cc -o disk_space disk_space.c $(pkg-config --cflags --libs heartbeat-1.0 json-glib-1.0)
 */

#include <heartbeat.h>
#include <json-glib/json-glib.h>

static double
get_minimum (HeartbeatRun *run)
{
  g_autoptr (JsonNode) meta = json_from_string (heartbeat_run_get_meta (run), NULL);

  return json_object_get_double_member_with_default (json_node_get_object (meta), "minFreePercent",
                                                     10);
}

static void
on_info (GObject *root, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (HeartbeatRun) run = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GFileInfo) info = g_file_query_filesystem_info_finish (G_FILE (root), result, &error);
  g_autofree char *message = NULL;
  GVariantDict details;
  double free;

  if (info == NULL)
    {
      heartbeat_run_fail (run, error->message);
      return;
    }
  free = 100.0 * g_file_info_get_attribute_uint64 (info, G_FILE_ATTRIBUTE_FILESYSTEM_FREE)
         / g_file_info_get_attribute_uint64 (info, G_FILE_ATTRIBUTE_FILESYSTEM_SIZE);
  message = g_strdup_printf ("%.0f %% free", free);
  g_variant_dict_init (&details, NULL);
  g_variant_dict_insert (&details, "free-percent", "d", free);
  heartbeat_run_end (run,
                     free >= get_minimum (run) ? HEARTBEAT_STATUS_SUCCESS : HEARTBEAT_STATUS_FAILED,
                     message, g_variant_dict_end (&details));
}

/* Executes a check. It must not block: the answer of the file system comes later, and ends the run. */
static void
disk_space (HeartbeatRun *run, gpointer user_data)
{
  g_autoptr (GFile) root = g_file_new_for_path ("/");

  g_file_query_filesystem_info_async (root, "filesystem::free,filesystem::size", G_PRIORITY_DEFAULT,
                                      heartbeat_run_get_cancellable (run), on_info,
                                      g_object_ref (run));
}

int
main (int argc, char **argv)
{
  const char *url = g_getenv ("RABBIT_URL");
  g_autoptr (HeartbeatConsumer) consumer = NULL;
  g_autoptr (GError) error = NULL;

  if (argc != 2)
    g_error ("usage: %s HEARTBEAT_JSON", argv[0]);
  consumer = g_object_new (HEARTBEAT_TYPE_CONSUMER, "agent-name", "cack", "heartbeat-path", argv[1],
                           "rabbit-url", url, "tick-source", url != NULL ? "amqp" : "local", NULL);
  heartbeat_consumer_register_handler (consumer, "disk_space", disk_space, NULL, NULL);
  if (heartbeat_consumer_run (consumer, &error))
    return 0;
  g_printerr ("%s\n", error->message);
  return 2;
}
