/* SPDX-License-Identifier: MIT */

#include "amqp/heartbeat-tls.h"

#include "amqp/heartbeat-tls-error.h"
#include "base/heartbeat-i18n.h"
#include "storage/heartbeat-storage.h"

/* The authorities of a whole system take a quarter of it. */
#define MAX_FILE_SIZE (1024 * 1024)

struct _HeartbeatTls
{
  GObject parent_instance;

  HeartbeatBrokerUri *uri;
  HeartbeatTlsProgress progress;
  char *refusal; /* why the broker's certificate was not accepted */
};

G_DEFINE_FINAL_TYPE (HeartbeatTls, heartbeat_tls, G_TYPE_OBJECT)

/* The input of the thread. */
typedef struct
{
  HeartbeatBrokerUri *uri;
  GSocketConnection *connection;
} Job;

static void
job_free (gpointer data)
{
  Job *job = data;

  heartbeat_broker_uri_unref (job->uri);
  g_object_unref (job->connection);
  g_free (job);
}

static gboolean fail (GError **error, const char *format, ...) G_GNUC_PRINTF (2, 3);

static gboolean
fail (GError **error, const char *format, ...)
{
  g_autofree char *message = NULL;
  va_list args;

  va_start (args, format);
  message = g_strdup_vprintf (format, args);
  va_end (args);
  g_set_error_literal (error, G_TLS_ERROR, G_TLS_ERROR_MISC, message);
  return FALSE;
}

/* GIO's errors name neither the file nor what is wrong with it, so look at the files first. */
static GBytes *
read_pem (const char *path, const char *parameter, GError **error)
{
  g_autoptr (GError) read_error = NULL;
  HeartbeatIdentity identity;
  GBytes *bytes = heartbeat_storage_read (path, MAX_FILE_SIZE, &identity, &read_error);

  if (bytes == NULL)
    fail (error, "%s: %s", parameter, read_error->message);
  return bytes;
}

static gboolean
has_line (GBytes *pem, const char *part)
{
  gsize length = 0;
  const char *text = g_bytes_get_data (pem, &length);

  return length > 0 && g_strstr_len (text, (gssize) length, part) != NULL;
}

static gboolean
load_authorities (const char *path, GTlsDatabase **database, GError **error)
{
  g_autoptr (GBytes) pem = read_pem (path, "cacertfile", error);

  if (pem == NULL)
    return FALSE;
  *database = g_tls_file_database_new (path, NULL);
  return *database != NULL
         || fail (error, _ ("cacertfile: %s holds no usable certificate (PEM)"), path);
}

static gboolean
check_key (const char *path, GError **error)
{
  g_autoptr (GBytes) pem = read_pem (path, "keyfile", error);

  if (pem == NULL)
    return FALSE;
  if (!has_line (pem, "PRIVATE KEY-----"))
    return fail (error, _ ("keyfile: %s holds no private key (PEM)"), path);
  if (has_line (pem, "ENCRYPTED PRIVATE KEY") || has_line (pem, "Proc-Type: 4,ENCRYPTED"))
    return fail (error, _ ("keyfile: the key in %s is encrypted: give it without a passphrase"),
                 path);
  return TRUE;
}

static gboolean
load_certificate (const char *certfile,
                  const char *keyfile,
                  GTlsCertificate **certificate,
                  GError **error)
{
  g_autoptr (GBytes) pem = read_pem (certfile, "certfile", error);
  g_autoptr (GError) load_error = NULL;

  if (pem == NULL || !check_key (keyfile, error))
    return FALSE;
  *certificate = g_tls_certificate_new_from_files (certfile, keyfile, &load_error);
  return *certificate != NULL
         || fail (error, _ ("certfile: %s cannot be used: %s"), certfile, load_error->message);
}

static gboolean
load_files (const HeartbeatBrokerUri *uri,
            GTlsDatabase **database,
            GTlsCertificate **certificate,
            GError **error)
{
  const char *cacertfile = uri->cacertfile;
  const char *certfile = uri->certfile;

  if (!g_tls_backend_supports_tls (g_tls_backend_get_default ()))
    return fail (error, _ ("GLib cannot do TLS here: install the package glib-networking"));
  return (cacertfile == NULL || load_authorities (cacertfile, database, error))
         && (certfile == NULL || load_certificate (certfile, uri->keyfile, certificate, error));
}

/* Reading the authorities of the system takes tens of milliseconds. */
static gboolean
load_system_authorities (GTlsDatabase **database, GError **error)
{
  *database = g_tls_backend_get_default_database (g_tls_backend_get_default ());
  return *database != NULL
         || fail (error, _ ("The system's certificate authorities cannot be read: install "
                            "ca-certificates, or name the broker's authority with ?cacertfile="));
}

/* A resumed TLS session would be accepted without verifying the certificate. GIO resumes none on a stream that is not the
 * socket's own. */
static GIOStream *
hide_socket (GSocketConnection *connection)
{
  GIOStream *stream = G_IO_STREAM (connection);

  return g_simple_io_stream_new (g_io_stream_get_input_stream (stream),
                                 g_io_stream_get_output_stream (stream));
}

/* A new connection parses all authorities once more, so it is made on the thread, too. */
static GIOStream *
make_connection (const Job *job, GError **error)
{
  const HeartbeatBrokerUri *uri = job->uri;
  g_autoptr (GTlsDatabase) database = NULL;
  g_autoptr (GTlsCertificate) certificate = NULL;
  g_autoptr (GSocketConnectable) identity = g_network_address_new (uri->server_name, uri->port);
  g_autoptr (GIOStream) base = hide_socket (job->connection);
  GIOStream *connection = NULL;
  gboolean verify = uri->verify;

  if (!load_files (uri, &database, &certificate, error))
    return NULL;
  if (verify && database == NULL && !load_system_authorities (&database, error))
    return NULL;

  connection
      = g_initable_new (g_tls_backend_get_client_connection_type (g_tls_backend_get_default ()),
                        NULL, error, "base-io-stream", base, "server-identity", identity,
                        "database", verify ? database : NULL, "require-close-notify", FALSE, NULL);
  if (connection != NULL && certificate != NULL)
    g_tls_connection_set_certificate (G_TLS_CONNECTION (connection), certificate);
  return connection;
}

static void
make_in_thread (GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
  const Job *job = data;
  g_autoptr (GError) error = NULL;
  GIOStream *connection = NULL;

  if (heartbeat_broker_uri_begin_reading (job->uri))
    {
      connection = make_connection (job, &error);
      heartbeat_broker_uri_end_reading (job->uri);
    }
  else
    {
      fail (&error, _ ("The certificate files cannot be read: their file system does not answer"));
    }

  if (connection != NULL)
    g_task_return_pointer (task, connection, g_object_unref);
  else
    g_task_return_error (task, g_steal_pointer (&error));
}

static void
add_dns_names (GPtrArray *names, GTlsCertificate *certificate)
{
  g_autoptr (GPtrArray) found = g_tls_certificate_get_dns_names (certificate);

  for (guint i = 0; found != NULL && i < found->len; i++)
    {
      gsize length = 0;
      const char *name = g_bytes_get_data (g_ptr_array_index (found, i), &length);

      g_ptr_array_add (names, g_strndup (name, length));
    }
}

static void
add_addresses (GPtrArray *names, GTlsCertificate *certificate)
{
  g_autoptr (GPtrArray) found = g_tls_certificate_get_ip_addresses (certificate);

  for (guint i = 0; found != NULL && i < found->len; i++)
    g_ptr_array_add (names, g_inet_address_to_string (g_ptr_array_index (found, i)));
}

/* Old certificates name only their subject. */
static void
add_subject (GPtrArray *names, GTlsCertificate *certificate)
{
  char *subject = g_tls_certificate_get_subject_name (certificate);

  if (subject != NULL)
    g_ptr_array_add (names, subject);
}

static char **
dup_names (GTlsCertificate *certificate)
{
  g_autoptr (GPtrArray) names = g_ptr_array_new_with_free_func (g_free);

  add_dns_names (names, certificate);
  add_addresses (names, certificate);
  if (names->len == 0)
    add_subject (names, certificate);
  g_ptr_array_add (names, NULL);
  return (char **) g_ptr_array_free (g_steal_pointer (&names), FALSE);
}

static gint64
to_unix (GDateTime *time)
{
  gint64 seconds = time != NULL ? g_date_time_to_unix (time) : 0;

  g_clear_pointer (&time, g_date_time_unref);
  return seconds;
}

static char *
describe_certificate (HeartbeatTls *self, GTlsCertificate *certificate, GTlsCertificateFlags errors)
{
  g_auto (GStrv) names = dup_names (certificate);
  HeartbeatTlsVerdict verdict = {
    .errors = errors,
    .host = self->uri->server_name,
    .names = (const char *const *) names,
    .cacertfile = self->uri->cacertfile,
    .not_before = to_unix (g_tls_certificate_get_not_valid_before (certificate)),
    .not_after = to_unix (g_tls_certificate_get_not_valid_after (certificate)),
  };

  return heartbeat_tls_describe_verdict (&verdict, g_get_real_time () / G_USEC_PER_SEC);
}

static gboolean
on_accept_certificate (GTlsConnection *connection,
                       GTlsCertificate *certificate,
                       GTlsCertificateFlags errors,
                       gpointer user_data)
{
  HeartbeatTls *self = user_data;

  if (!self->uri->verify)
    return TRUE;
  g_free (self->refusal);
  self->refusal = describe_certificate (self, certificate, errors);
  return FALSE;
}

/* Emitted when the broker's certificate is known, accepted or not. */
static void
on_peer_certificate (GTlsConnection *connection, GParamSpec *pspec, gpointer user_data)
{
  HeartbeatTls *self = user_data;

  if (self->refusal == NULL)
    self->progress = HEARTBEAT_TLS_PROGRESS_ACCEPTED;
}

static void
on_handshake (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  HeartbeatTls *self = g_task_get_source_object (task);
  g_autoptr (GError) error = NULL;

  g_signal_handlers_disconnect_by_data (source, self);
  if (g_tls_connection_handshake_finish (G_TLS_CONNECTION (source), result, &error))
    {
      /* The authorities, megabytes of them, are not needed any longer. */
      g_tls_connection_set_database (G_TLS_CONNECTION (source), NULL);
      g_task_return_pointer (task, g_object_ref (source), g_object_unref);
    }
  else
    {
      g_task_return_error (task, heartbeat_tls_explain (self, error));
    }
}

static void
on_made (GObject *source, GAsyncResult *result, gpointer user_data)
{
  HeartbeatTls *self = HEARTBEAT_TLS (source);
  g_autoptr (GTask) task = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GTlsConnection) connection = g_task_propagate_pointer (G_TASK (result), &error);

  if (connection == NULL)
    {
      g_task_return_error (task, g_steal_pointer (&error));
      return;
    }
  self->progress = HEARTBEAT_TLS_PROGRESS_HANDSHAKE;
  g_signal_connect (connection, "accept-certificate", G_CALLBACK (on_accept_certificate), self);
  g_signal_connect (connection, "notify::peer-certificate", G_CALLBACK (on_peer_certificate), self);
  g_tls_connection_handshake_async (connection, G_PRIORITY_DEFAULT, g_task_get_cancellable (task),
                                    on_handshake, g_object_ref (task));
}

static void
heartbeat_tls_finalize (GObject *object)
{
  HeartbeatTls *self = HEARTBEAT_TLS (object);

  heartbeat_broker_uri_unref (self->uri);
  g_free (self->refusal);

  G_OBJECT_CLASS (heartbeat_tls_parent_class)->finalize (object);
}

static void
heartbeat_tls_class_init (HeartbeatTlsClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = heartbeat_tls_finalize;
}

static void
heartbeat_tls_init (HeartbeatTls *self)
{
}

/**
 * heartbeat_tls_check_files:
 * @uri: where the broker is
 * @error: return location for a #GTlsError; its message names parameter and file
 *
 * Reads the files that @uri names, and waits for the disk: not for the main loop.
 *
 * Returns: whether a connection could be tried with them
 */
gboolean
heartbeat_tls_check_files (const HeartbeatBrokerUri *uri, GError **error)
{
  g_autoptr (GTlsDatabase) database = NULL;
  g_autoptr (GTlsCertificate) certificate = NULL;

  g_return_val_if_fail (uri != NULL, FALSE);

  return !uri->tls || load_files (uri, &database, &certificate, error);
}

/**
 * heartbeat_tls_new:
 * @uri: where the broker is, and whom to trust
 *
 * Makes what secures one attempt to connect.
 *
 * Returns: (transfer full): TLS that has not begun
 */
HeartbeatTls *
heartbeat_tls_new (HeartbeatBrokerUri *uri)
{
  HeartbeatTls *self = NULL;

  g_return_val_if_fail (uri != NULL, NULL);

  self = g_object_new (HEARTBEAT_TYPE_TLS, NULL);
  self->uri = heartbeat_broker_uri_ref (uri);
  return self;
}

/* Two threads that are the first to use types of GIO can block each other for ever, one in a class_init function and one in a
 * get_type function, so register here what the other thread uses. */
static void
ensure_types (void)
{
  g_type_ensure (G_TYPE_TLS_BACKEND);
  g_type_ensure (G_TYPE_TLS_CLIENT_CONNECTION);
  g_type_ensure (G_TYPE_TLS_FILE_DATABASE);
  g_type_ensure (G_TYPE_TLS_PASSWORD_FLAGS);
  g_type_class_unref (g_type_class_ref (G_TYPE_TLS_CONNECTION));
  g_type_class_unref (g_type_class_ref (G_TYPE_TLS_CERTIFICATE));
  g_type_class_unref (g_type_class_ref (G_TYPE_TLS_DATABASE));
  g_type_class_unref (g_type_class_ref (G_TYPE_TLS_INTERACTION));
  g_type_class_unref (g_type_class_ref (G_TYPE_SIMPLE_IO_STREAM));
  g_type_class_unref (g_type_class_ref (G_TYPE_NETWORK_ADDRESS));
}

/**
 * heartbeat_tls_open_async:
 * @self: TLS that has not begun
 * @connection: a socket that is connected
 * @cancellable: (nullable): gives up; the only time limit
 * @callback: called when both sides trust each other, or not
 * @user_data: for @callback
 *
 * Reads the certificates, in a thread and anew each time, since they are renewed while the service runs; then shakes hands.
 */
void
heartbeat_tls_open_async (HeartbeatTls *self,
                          GSocketConnection *connection,
                          GCancellable *cancellable,
                          GAsyncReadyCallback callback,
                          gpointer user_data)
{
  g_autoptr (GTask) making = NULL;
  GTask *task = NULL;
  Job *job = NULL;

  g_return_if_fail (HEARTBEAT_IS_TLS (self));

  ensure_types ();
  task = g_task_new (self, cancellable, callback, user_data);
  g_task_set_source_tag (task, heartbeat_tls_open_async);
  job = g_new (Job, 1);
  job->uri = heartbeat_broker_uri_ref (self->uri);
  job->connection = g_object_ref (connection);
  making = g_task_new (self, cancellable, on_made, task);
  g_task_set_source_tag (making, make_in_thread);
  g_task_set_task_data (making, job, job_free);
  /* A file server that hangs blocks the thread, not us. */
  g_task_set_return_on_cancel (making, TRUE);
  g_task_run_in_thread (making, make_in_thread);
}

/**
 * heartbeat_tls_open_finish:
 * @self: what was opened
 * @result: what the callback was given
 * @error: return location for an error whose message is for people: a #GTlsError where TLS is to blame
 *
 * Returns: (transfer full): the secure stream, or %NULL
 */
GIOStream *
heartbeat_tls_open_finish (HeartbeatTls *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}

/**
 * heartbeat_tls_explain:
 * @self: TLS under way, or ready before the broker's first byte
 * @error: GIO's error
 *
 * Returns: (transfer full): an error for people: what is wrong and what to do
 */
GError *
heartbeat_tls_explain (HeartbeatTls *self, const GError *error)
{
  g_autofree char *message = NULL;

  g_return_val_if_fail (HEARTBEAT_IS_TLS (self), NULL);

  if (self->refusal != NULL)
    return g_error_new_literal (G_TLS_ERROR, G_TLS_ERROR_BAD_CERTIFICATE, self->refusal);
  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    return g_error_copy (error);
  message = heartbeat_tls_describe_failure (error, self->progress, self->uri->certfile,
                                            self->uri->keyfile);
  return g_error_new_literal (error->domain, error->code, message);
}

/**
 * heartbeat_tls_describe_stall:
 * @self: TLS under way
 *
 * Returns: what is being waited for, for people
 */
const char *
heartbeat_tls_describe_stall (HeartbeatTls *self)
{
  g_return_val_if_fail (HEARTBEAT_IS_TLS (self), NULL);

  return self->progress == HEARTBEAT_TLS_PROGRESS_FILES
             ? _ ("The certificate files cannot be read: their file system does not answer within "
                  "10 s")
             : _ ("What answers on this port does not finish the TLS handshake within 10 s: is it "
                  "the broker's port for TLS?");
}
