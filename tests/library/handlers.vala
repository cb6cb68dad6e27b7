// SPDX-License-Identifier: MIT
// What handlers.py does, as far as Vala can.

class Program : Object {
  Heartbeat.Consumer consumer;
  string[] names = { "succeeds", "skips", "twice", "drops", "later", "keeps", "wrong_details", "removes" };
  uint done = 0;
  Heartbeat.Run? kept = null;

  construct {
    consumer = (Heartbeat.Consumer) Object.new (typeof (Heartbeat.Consumer), "agent-name", "cack",
                                                "heartbeat-path", Environment.get_variable ("HEARTBEAT_PATH"),
                                                "tick-source", "local", "tick-interval", 86400);
  }

  void register () {
    consumer.register_handler ("succeeds", (run) => {
      run.end (Heartbeat.Status.SUCCESS, run.get_meta (), new Variant.parsed ("{'n': <uint32 3>}"));
    });
    consumer.register_handler ("skips", (run) => run.skip (null));
    consumer.register_handler ("twice", (run) => { run.succeed ("first"); run.fail ("second"); });
    consumer.register_handler ("drops", (run) => {});
    consumer.register_handler ("later", (run) => {
      Timeout.add (10, () => { run.succeed ("later"); run.fail ("too late"); return Source.REMOVE; });
    });
    consumer.register_handler ("keeps", (run) => {
      kept = run;
      run.get_cancellable ().cancelled.connect (() => print ("keeps: cancelled\n"));
    });
    consumer.register_handler ("wrong_details", (run) => {
      run.end (Heartbeat.Status.SUCCESS, null, new Variant.string ("text"));
    });
    consumer.register_handler ("removes", (run) => {
      consumer.unregister_handler ("removes");
      run.succeed ("removed");
    });
  }

  void next () {
    if (done < names.length)
      consumer.get_agent ().run_check_async.begin (names[done++], 200, null);
    else
      consumer.stop_async.begin ();
  }

  public void run () throws Error {
    register ();
    consumer.get_agent ().check_finished.connect ((check, result) => {
      print ("%s: %s: %s\n", check.get_name (), result.get_status ().to_string (), result.get_message ());
      next ();
    });
    consumer.get_agent ().reload_async.begin (null, (source, result) => next ());
    print (consumer.run () ? "True\n" : "False\n");
  }
}

int main () {
  Intl.setlocale ();
  try {
    new Program ().run ();
  } catch (Error error) {
    printerr ("%s\n", error.message);
    return 1;
  }
  return 0;
}
