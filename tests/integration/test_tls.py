"""TLS with a real broker: whom the service trusts, how it logs in, and what it says when that fails."""

import contextlib
import os
import re
import shutil
import socket
import subprocess
import threading
import unittest

from bench.case import Case
from bench.certificates import Authority
from bench.proxy import Proxy
from bench.seed import generator
from bench.tls_listener import TlsListener
from bench.wait import until

SOAK = os.environ.get("SOAK") == "1"

HERE = ("DNS:localhost", "IP:127.0.0.1", "IP:::1")


class Tls(Case):
    """A test with an authority, a server's certificate and, on demand, TLS listeners."""

    def setUp(self):
        super().setUp()
        # gcc 12's leak checker falls over the thread-local data of modules that are loaded while threads run
        self.env["ASAN_OPTIONS"] = self.env.get("ASAN_OPTIONS", "") + ":intercept_tls_get_addr=0"
        self.write_checks(good={})
        self.authority = Authority(self.home)
        self.server = self.authority.server("server", *HERE)

    def listen(self, certificate=None, authority=None, **options):
        listener = TlsListener(self.broker, authority or self.authority, certificate or self.server, **options)
        self.addCleanup(listener.close)
        return listener

    def add_user(self, name):
        """Make a user without a usable password, who may do everything on the test's vhost."""
        self.broker.eval(f'rabbit_auth_backend_internal:add_user(<<"{name}">>, <<"{os.urandom(8).hex()}">>, '
                         f'<<"guest">>), rabbit_auth_backend_internal:set_permissions(<<"{name}">>, '
                         f'<<"{self.vhost}">>, <<".*">>, <<".*">>, <<".*">>, <<"guest">>)')
        self.addCleanup(self.broker.eval, f'rabbit_auth_backend_internal:delete_user(<<"{name}">>, <<"guest">>)')

    def other_authority(self):
        folder = self.path("other")
        os.mkdir(folder)
        return Authority(folder, "other")

    def user_of_connection(self):
        """Return user name and TLS version of the broker's connection on the test's vhost."""
        return self.broker.eval(f'[{{binary_to_list(proplists:get_value(user, I)), proplists:get_value(ssl_protocol, I)}} || '
                                f'I <- rabbit_networking:connection_info_all([vhost, user, ssl_protocol]), '
                                f'proplists:get_value(vhost, I) =:= <<"{self.vhost}">>]')

    def connects(self, url, **variables):
        """Start the service, see that it works, and stop it."""
        service = self.start(RABBIT_URL=url, **variables)
        self.agent.wait("ConnectionState", "connected")
        user = self.user_of_connection()
        service.stop()
        self.broker.wait_consumers(self.vhost, self.queue, 0)
        return user


class Good(Tls):
    """What is to work."""

    def url(self, listener, **parameters):
        return listener.url(self.vhost, cacertfile=self.authority.certfile, **parameters)

    def test_names_and_addresses(self):
        listener = self.listen()
        for host in ("localhost", "127.0.0.1"):
            with self.subTest(host):
                self.assertIn("guest", self.connects(self.url(listener, host=host)))

    def test_an_authority_of_the_system(self):
        namespace = ["unshare", "-r", "-m"]
        if subprocess.run([*namespace, "true"], capture_output=True, check=False).returncode != 0:
            self.skipTest("needs a mount namespace")
        command = 'mount --bind "$0" /etc/ssl/certs/ca-certificates.crt && exec "$@"'
        self.spawn(wrapper=[*namespace, "sh", "-c", command, self.authority.certfile], HEARTBEAT_BUS="none",
                   RABBIT_URL=self.listen().url(self.vhost))
        self.broker.wait_consumers(self.vhost, self.queue)

    def test_an_ipv6_address(self):
        try:
            socket.create_server(("::1", 0), family=socket.AF_INET6).close()
        except OSError:
            self.skipTest("no IPv6 here")
        self.connects(self.url(self.listen(address="::1")))

    def test_another_name_than_the_host(self):
        listener = self.listen(self.authority.server("elsewhere", "DNS:mq.example"))
        self.connects(self.url(listener, server_name_indication="mq.example"))

    def test_both_versions_with_a_tick_and_large_messages(self):
        for version in ("tlsv1.2", "tlsv1.3"):
            with self.subTest(version):
                listener = self.listen(versions=[version])
                self.write_checks(health={"handler": "sub_health"})
                self.broker.collect(self.vhost, "seen", "agent.cack.sub_health")
                service = self.start(RABBIT_URL=self.url(listener))
                self.assertEqual(self.tick_runs("health"), "success")
                self.broker.wait_message(self.vhost, "seen")
                self.assertIn(version, self.user_of_connection())
                # a frame as large as frames can be, and a little of the message beside it in the same record of TLS
                for rest in (1, 100, 4000, 15000):
                    self.publish("system.heartbeat.other", b"x" * (131064 + rest))
                    self.wait_acknowledged()
                service.stop()
                self.broker.wait_consumers(self.vhost, self.queue, 0)

    def test_heartbeatctl(self):
        listener = self.listen()
        self.start(RABBIT_URL=self.url(listener))
        answer = self.ctl("tick", RABBIT_URL=self.url(listener))
        self.assertEqual(answer.returncode, 0, answer.stderr)
        self.assertEqual(self.finished("good"), "success")
        answer = self.ctl("tick", RABBIT_URL=listener.url(self.vhost))
        self.assertEqual(answer.returncode, 1, answer.stdout)
        self.assertIn("not signed by an authority", answer.stderr)

    def test_unverified_with_a_warning(self):
        listener = self.listen(self.other_authority().server("stranger", "DNS:elsewhere", shift="-20d"))
        service = self.start(RABBIT_URL=listener.url(self.vhost, verify="verify_none"))
        self.agent.wait("ConnectionState", "connected")
        service.wait_log(rf"verify_none.*127\.0\.0\.1:{listener.port} is not verified \(consuming\)")
        self.broker.close_connections()
        until(lambda: len(re.findall("Connected to", service.stderr)) == 2, what="the second connection")
        self.assertEqual(len(re.findall("is not verified", service.stderr)), 1, service.stderr)

    def test_the_password_is_nowhere(self):
        listener = self.listen()
        self.broker.add_user("anna", "secret-word")
        self.addCleanup(self.broker.delete_user, "anna")
        self.broker.permit("anna", self.vhost)
        service = self.start(RABBIT_URL=self.url(listener, user="anna:secret-word@"), LOG_LEVEL="DEBUG")
        self.tick_runs("good")
        self.assertIn("anna", self.user_of_connection())
        self.assertNotIn("secret-word", service.stderr)
        self.assertNotIn("secret-word", str(self.agent.all()))


    def test_a_bad_network(self):
        proxy = Proxy(self.listen().port)
        self.addCleanup(proxy.stop)
        proxy.start()
        proxy.split = True
        service = self.start(RABBIT_URL=f"amqps://guest:guest@127.0.0.1:{proxy.port}/{self.vhost}"
                                        f"?cacertfile={self.authority.certfile}")
        # in the middle of handshakes as well
        proxy.reset_at_random(0.0001 if SOAK else 0)
        for _ in range(5 if SOAK else 1):
            accepted = proxy.accepted
            proxy.reset()
            until(lambda: proxy.accepted > accepted, what="the next attempt", timeout=90)
            self.agent.wait("ConnectionState", "connected", timeout=300)
        self.assertTrue(service.running)


class ClientCertificates(Tls):
    """The login by certificate, and without."""

    def test_external_is_the_login_of_a_url_without_a_user(self):
        self.add_user("anna")
        client = self.authority.client("client", subject="anna")
        with open(self.path("both.pem"), "w", encoding="ascii") as both:
            for path in client:
                with open(path, encoding="ascii") as file:
                    both.write(file.read())
        listener = self.listen(client="required")
        for parameters in ({"certfile": client.certfile, "keyfile": client.keyfile}, {"certfile": both.name}):
            with self.subTest(parameters):
                url = listener.url(self.vhost, user="", cacertfile=self.authority.certfile, **parameters)
                self.assertIn("anna", self.connects(url))

    def test_a_user_in_the_url_logs_in_by_password(self):
        self.add_user("anna")
        client = self.authority.client("client", subject="anna")
        listener = self.listen(client="required")
        files = {"cacertfile": self.authority.certfile, "certfile": client.certfile, "keyfile": client.keyfile}
        self.assertIn("guest", self.connects(listener.url(self.vhost, **files)))
        self.assertIn("anna", self.connects(listener.url(self.vhost, auth_mechanism="external", **files)))

    def test_a_broker_without_external(self):
        client = self.authority.client("client", subject="anna")
        listener = self.listen(client="required")
        files = {"cacertfile": self.authority.certfile, "certfile": client.certfile, "keyfile": client.keyfile}
        self.addCleanup(self.offer, "'PLAIN', 'AMQPLAIN', 'EXTERNAL'")
        self.offer("'PLAIN'")
        self.assertIn("guest", self.connects(listener.url(self.vhost, user="", **files)))
        service = self.spawn(RABBIT_URL=listener.url(self.vhost, auth_mechanism="external", **files))
        service.wait_log("takes no login by certificate: it needs rabbitmq_auth_mechanism_ssl")
        service.stop()
        self.offer("'EXTERNAL'")
        service = self.spawn(RABBIT_URL=listener.url(self.vhost, auth_mechanism="plain", **files))
        service.wait_log("takes no login by password, only by certificate")

    def offer(self, mechanisms):
        self.broker.eval(f"application:set_env(rabbit, auth_mechanisms, [{mechanisms}])")

    def test_renewed_files_are_used_for_the_next_connection(self):
        self.add_user("anna")
        wrong = self.other_authority().client("wrong", subject="anna")
        right = self.authority.client("right", subject="anna")
        certfile, keyfile = self.path("used.pem"), self.path("used.key")
        shutil.copy(wrong.certfile, certfile)
        shutil.copy(wrong.keyfile, keyfile)
        listener = self.listen(client="required")
        service = self.spawn(RABBIT_URL=listener.url(self.vhost, user="", cacertfile=self.authority.certfile,
                                                     certfile=certfile, keyfile=keyfile))
        service.wait_log("refused the client certificate")
        for source, place in ((right.keyfile, keyfile), (right.certfile, certfile)):
            shutil.copy(source, place + ".new")
            os.rename(place + ".new", place)
        self.broker.wait_consumers(self.vhost, self.queue)
        self.assertIn("anna", self.user_of_connection())


class Failures(Tls):
    """Each way to fail has a message that says what is wrong and what to do."""

    def fails(self, cases):
        """Have one service try all URLs in turn; each must fail with a message of its own."""
        service = self.spawn(RABBIT_URL=" ".join(url for url, _pattern in cases))
        for url, pattern in cases:
            port = re.search(r"[^/]:(\d+)/", url).group(1)
            with self.subTest(pattern):
                message = service.wait_log(rf"Cannot connect to \S+:{port} \(consuming\): (.*)").group(1)
                self.assertRegex(message, pattern)
        self.bus.wait_name(self.agent.name)
        until(lambda: any(re.search(pattern, self.agent.get("ConnectionError")) for _url, pattern in cases),
              what="the error on the bus")
        self.assertNotIn("guest:guest", service.stderr)
        service.stop()

    def url(self, listener, authority=True, **parameters):
        return listener.url(self.vhost, cacertfile=self.authority.certfile if authority else None, **parameters)

    def test_the_brokers_certificate(self):
        other = self.other_authority()
        issue = self.authority.server
        client = self.authority.client("client")
        self.fails([
            (self.url(self.listen(), authority=False), r"not signed by an authority that this system.*\?cacertfile="),
            (self.url(self.listen(other.server("stranger", *HERE))), rf"not signed by an.*{self.authority.certfile}$"),
            (self.url(self.listen(issue("elsewhere", "DNS:mq.example", "IP:10.1.2.3"))),
             r"not for 127\.0\.0\.1, but for mq\.example, 10\.1\.2\.3$"),
            (self.url(self.listen(issue("other", "IP:127.0.0.1")), host="localhost"), "not for localhost, but for 127"),
            (self.url(self.listen(), server_name_indication="mq.example"), "not for mq.example, but for localhost, "),
            (self.url(self.listen(issue("old", *HERE, shift="-20d"))), r"it expired on 20\d\d-\d\d-\d\d"),
            (self.url(self.listen(issue("new", *HERE, shift="+20d"))), r"not valid before 20\d\d-.*clock"),
            (self.url(self.listen(issue("old-other", "DNS:a", shift="-20d"))), r"not for 127.*; it expired on"),
            (self.url(self.listen(client)), "not accepted"),
        ])

    def test_the_clients_certificate(self):
        other = self.other_authority()
        wrong, worse = other.client("wrong"), other.client("worse")
        old = self.authority.client("old", shift="-20d")
        stranger = self.authority.client("stranger", subject="nobody")
        client = self.authority.client("client")
        wanted = "wants a client certificate"
        refused = "refused the client certificate "
        for version in ("tlsv1.2", "tlsv1.3"):
            def url(certificate=None, keyfile=None, client="required", version=version, **parameters):
                if certificate is not None:
                    parameters.update(certfile=certificate.certfile, keyfile=keyfile or certificate.keyfile)
                return self.url(self.listen(client=client, versions=[version]), **{"user": "", **parameters})
            with self.subTest(version):
                self.fails([
                    (url(), wanted),
                    (url(wrong), refused + wrong.certfile),
                    (url(old), refused + old.certfile),
                    (url(client, keyfile=wrong.keyfile), refused + client.certfile + ".*" + wrong.keyfile),
                    (url(worse, client="optional"), refused + worse.certfile),
                    (url(stranger), "no user for the client certificate"),
                    (url(client, client="none", user="guest:wrong@"), "wrong user name or password"),
                ])

    def test_the_port(self):
        listener = self.listen()
        plain = self.broker.url(self.vhost)
        self.fails([
            (self.url(listener, port=self.broker.port), "does not agree on TLS with us: is it the broker's port"),
            (plain.replace(f":{self.broker.port}/", f":{listener.port}/"), "use amqps:// instead"),
        ])

    def test_the_files(self):
        client = self.authority.client("client")
        other = self.authority.client("other")
        with open(self.path("garbage"), "wb") as file:
            file.write(generator("garbage").randbytes(5000))
        listener = self.listen()
        for parameters, pattern in (
                ({"cacertfile": self.path("none")}, r"cacertfile: cannot read \S+/none: No such file"),
                ({"cacertfile": self.home}, "cacertfile: .* no regular file"),
                ({"cacertfile": self.path("garbage")}, "cacertfile: .*garbage holds no usable certificate"),
                ({"cacertfile": client.keyfile}, "cacertfile: .*client.key holds no usable certificate"),
                ({"certfile": self.path("none"), "keyfile": client.keyfile}, "certfile: .*none: No such file"),
                ({"certfile": client.certfile, "keyfile": self.path("none")}, "keyfile: .*none: No such file"),
                ({"certfile": client.certfile}, "keyfile: .*client.pem holds no private key"),
                ({"certfile": self.path("garbage"), "keyfile": other.keyfile}, "certfile: .*garbage cannot be used")):
            with self.subTest(pattern):
                service, status = self.run_service("--check-config", RABBIT_URL=listener.url(self.vhost, **parameters))
                self.assertEqual(status, 0, service.stderr)
                self.assertRegex(service.stderr, pattern)

    def test_a_missing_file_is_waited_for(self):
        late = self.path("late.pem")
        service = self.spawn(RABBIT_URL=self.listen().url(self.vhost, cacertfile=late))
        service.wait_log(r"\(consuming\): cacertfile: .*late\.pem: No such file")
        self.bus.wait_name(self.agent.name)
        until(lambda: "late.pem" in self.agent.get("ConnectionError"), what="the error on the bus")
        shutil.copy(self.authority.certfile, late)
        self.broker.wait_consumers(self.vhost, self.queue)
        self.agent.wait("ConnectionError", "")

    def test_without_glib_networking(self):
        service = self.spawn(RABBIT_URL=self.url(self.listen()), GIO_USE_TLS="dummy")
        service.wait_log(r"Cannot connect.*install the package glib-networking")

    def test_unusable_parameters_are_refused(self):
        service, status = self.run_service("--check-config", RABBIT_URL="amqps://u:secret@h/?verify=no")
        self.assertEqual(status, 2)
        self.assertRegex(service.stderr, "RABBIT_URL.*verify is verify_peer or verify_none")
        self.assertNotIn("secret", service.stderr)

    @unittest.skipUnless(SOAK, "ten seconds long: SOAK=1")
    def test_a_file_system_that_hangs(self):
        late = self.path("late.pem")
        shutil.copy(self.authority.certfile, late)
        service = self.spawn(RABBIT_URL=self.listen().url(self.vhost, cacertfile=late),
                             wrapper=["strace", "-D", "-f", "-qq", "-o", "/dev/null", "-P", late, "-e",
                                      "inject=openat:delay_enter=25000000"],
                             # a traced process cannot look for leaks
                             ASAN_OPTIONS="detect_leaks=0")
        service.wait_log("certificate files cannot be read.*does not answer within 10 s", timeout=60)
        self.bus.wait_name(self.agent.name)
        self.assertEqual(self.agent.run("good")["status"], "success")

    @unittest.skipUnless(SOAK, "ten seconds long: SOAK=1")
    def test_a_handshake_that_stalls(self):
        with socket.create_server(("127.0.0.1", 0)) as silent:
            accepted = []
            threading.Thread(target=lambda: accepted.append(silent.accept()), daemon=True).start()
            service = self.spawn(RABBIT_URL=f"amqps://127.0.0.1:{silent.getsockname()[1]}/")
            service.wait_log("does not finish the TLS handshake.* within 10 s", timeout=60)
            for sock, _address in accepted:
                with contextlib.suppress(OSError):
                    sock.close()
