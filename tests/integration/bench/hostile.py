"""A server that speaks AMQP 0-9-1 as well or as badly as a test wants."""

import contextlib
import socket
import struct
import threading

METHOD, HEADER, BODY, HEARTBEAT = 1, 2, 3, 8
FRAME_MAX = 131072
END = b"\xce"
QUEUE = "agent.cack.inbox"

START, TUNE, OPEN_OK, CLOSE, CLOSE_OK, BLOCKED, UNBLOCKED = \
    (10, 10), (10, 30), (10, 41), (10, 50), (10, 51), (10, 60), (10, 61)
FLOW, CHANNEL_CLOSE = (20, 20), (20, 40)
QUEUE_DECLARE = (50, 10)
CANCEL, DELIVER, ACK = (60, 30), (60, 60), (60, 80)

# What a client asks for until it consumes, and the answer.
ANSWERS = {
    (10, 11): (TUNE, struct.pack(">HIH", 2047, FRAME_MAX, 0)),
    (10, 40): (OPEN_OK, b"\0"),
    (20, 10): ((20, 11), struct.pack(">I", 0)),
    (20, 40): ((20, 41), b""),
    (40, 10): ((40, 11), b""),
    (50, 10): ((50, 11), bytes([len(QUEUE)]) + QUEUE.encode() + struct.pack(">II", 0, 0)),
    (50, 20): ((50, 21), b""),
    (60, 10): ((60, 11), b""),
    (60, 20): ((60, 21), b"\x12heartbeat-consumer"),
    (60, 30): ((60, 31), b"\x12heartbeat-consumer"),
    (10, 50): (CLOSE_OK, b""),
}
CONSUME = (60, 20)
NO_ANSWER = ((10, 31), (60, 80), (60, 90), (20, 21))


def short(text):
    """Encode a short string, given as text or as bytes."""
    data = text if isinstance(text, bytes) else text.encode()
    return bytes([len(data)]) + data


def frame(kind, channel, payload=b"", end=END):
    """Encode a frame."""
    return struct.pack(">BHI", kind, channel, len(payload)) + payload + end


def method(channel, number, arguments=b""):
    """Encode a method frame."""
    return frame(METHOD, channel, struct.pack(">HH", *number) + arguments)


def deliver(tag, key="system.heartbeat.tick"):
    """Encode the frame that announces a message."""
    return method(1, DELIVER, short("heartbeat-consumer") + struct.pack(">QB", tag, 0) + short("bloodbank.events.v1")
                  + short(key))


def header(size, flags=0, properties=b""):
    """Encode a content header."""
    return frame(HEADER, 1, struct.pack(">HHQH", 60, 0, size, flags) + properties)


def message(tag, body, key="system.heartbeat.tick"):
    """Encode a whole message."""
    frames = [frame(BODY, 1, body[i:i + FRAME_MAX - 8]) for i in range(0, len(body), FRAME_MAX - 8)]
    return deliver(tag, key) + header(len(body)) + b"".join(frames)


def deep_table(size=FRAME_MAX - 100):
    """Encode a table of tables of tables…, about size bytes in all."""
    depth = (size - 4) // 7
    # a table's length counts what comes after it: name, kind and all that is inside
    return b"".join(struct.pack(">I", 7 * i) + (b"\1aF" if i else b"") for i in range(depth, -1, -1))


def start(table=bytes(4)):
    """Encode what a server begins with."""
    return method(0, START, b"\0\x09" + table + struct.pack(">I", 5) + b"PLAIN" + struct.pack(">I", 5) + b"en_US")


class Peer:
    """The server's end of one connection; every method raises OSError when the client is gone."""

    def __init__(self, sock, number):
        self.sock, self.number = sock, number
        self.close_said = None
        self._file = sock.makefile("rb")

    def send(self, *data):
        """Send bytes."""
        self.sock.sendall(b"".join(data))

    def read(self, size):
        """Read exactly so many bytes."""
        data = self._file.read(size)
        if len(data) < size:
            raise ConnectionError("the client closed the connection")
        return data

    def read_method(self):
        """Read to the next method; return its channel, number and arguments."""
        while True:
            kind, channel, length = struct.unpack(">BHI", self.read(7))
            payload = self.read(length + 1)[:-1]
            if kind != METHOD:
                continue
            number, arguments = struct.unpack(">HH", payload[:4]), payload[4:]
            if number == CLOSE:
                code, size = struct.unpack(">HB", arguments[:3])
                self.close_said = (code, arguments[3:3 + size].decode())
            return channel, number, arguments

    def answer(self):
        """Read a method and do what a good server does; return its number."""
        channel, number, _arguments = self.read_method()
        if number not in NO_ANSWER:
            reply, arguments = ANSWERS[number]
            self.send(method(channel, reply, arguments))
        return number

    def greet(self, table=bytes(4)):
        """Read the protocol's header and begin, with a description of the server."""
        assert self.read(8) == b"AMQP\0\0\x09\x01"
        self.send(start(table))

    def welcome(self, heartbeat=0, table=bytes(4)):
        """Do all that a good server does until the client consumes; it consumes on channel 1."""
        self.greet(table)
        _channel, number, _arguments = self.read_method()
        assert number == (10, 11), number
        self.send(method(0, TUNE, struct.pack(">HIH", 2047, FRAME_MAX, heartbeat)))
        while self.answer() != CONSUME:
            pass

    def flood(self, data, stopped):
        """Send data again and again until stopped is set, or the client is gone."""
        data *= max(1, 262144 // len(data))
        with contextlib.suppress(OSError):
            while not stopped.is_set():
                self.send(data)

    def ignore(self):
        """Read whatever the client says, on a thread of its own."""
        def drain():
            with contextlib.suppress(OSError, ValueError):
                while self.sock.recv(262144):
                    pass
        threading.Thread(target=drain, daemon=True).start()

    def serve(self):
        """Be a good server as long as the client stays."""
        while True:
            self.answer()

    def close(self):
        """End the connection."""
        with contextlib.suppress(OSError):
            self.sock.shutdown(socket.SHUT_RDWR)
        self._file.close()
        self.sock.close()


class HostileServer:
    """Runs script(peer) for each connection on a thread of its own, then closes that connection."""

    def __init__(self, script, receive_buffer=0):
        self._script = script
        self._listener = socket.socket()
        if receive_buffer:
            self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self._listener.bind(("127.0.0.1", 0))
        self._listener.listen(16)
        self.port = self._listener.getsockname()[1]
        self.peers = []
        self.faults = []
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                sock, _ = self._listener.accept()
            except OSError:
                return
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.peers.append(Peer(sock, len(self.peers) + 1))
            threading.Thread(target=self._run, args=(self.peers[-1],), daemon=True).start()

    def _run(self, peer):
        try:
            self._script(peer)
        except (OSError, ValueError):
            # the client has had enough, or stop() was called
            pass
        except Exception as error:  # pylint: disable=broad-except
            self.faults.append(repr(error))
        peer.close()

    def url(self, scheme="amqp"):
        """Return where it is."""
        return f"{scheme}://guest:guest@127.0.0.1:{self.port}/"

    def stop(self):
        """End everything."""
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for peer in self.peers:
            peer.close()


def publish(port, vhost, key, properties, body):
    """Publish a message to a real broker, with these bytes for its flags and properties."""
    with contextlib.closing(socket.create_connection(("127.0.0.1", port), 10)) as sock:
        peer = Peer(sock, 0)

        def ask(reply, channel, number, arguments):
            peer.send(method(channel, number, arguments))
            while peer.read_method()[1] != reply:
                pass

        peer.send(b"AMQP\0\0\x09\x01")
        peer.read_method()
        login = b"\0guest\0guest"
        ask(TUNE, 0, (10, 11), bytes(4) + short("PLAIN") + struct.pack(">I", len(login)) + login + short("en_US"))
        peer.send(method(0, (10, 31), struct.pack(">HIH", 2047, FRAME_MAX, 0)))
        ask(OPEN_OK, 0, (10, 40), short(vhost) + b"\0\0")
        ask((20, 11), 1, (20, 10), b"\0")
        peer.send(method(1, (60, 40), b"\0\0" + short("bloodbank.events.v1") + short(key) + b"\0"),
                  frame(HEADER, 1, struct.pack(">HHQ", 60, 0, len(body)) + properties), frame(BODY, 1, body))
        # answered after what came before it
        ask((20, 41), 1, (20, 40), bytes(2) + short("") + bytes(4))
