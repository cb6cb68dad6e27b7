"""A TCP proxy that behaves as badly as a network can."""

import contextlib
import socket
import struct
import threading

from .ports import free_ports
from .seed import generator

UP, DOWN = "to the server", "to the client"


class _Link:
    """One client's connection and its twin to the server."""

    def __init__(self, proxy, client, server):
        self.sockets = {UP: (client, server), DOWN: (server, client)}
        self._proxy = proxy
        self.closed = False

    def start(self):
        """Begin to pass data on."""
        for direction in self.sockets:
            threading.Thread(target=self._pump, args=(direction,), daemon=True).start()

    def _pump(self, direction):
        source, sink = self.sockets[direction]
        try:
            while data := source.recv(65536):
                self._proxy.pass_on(self, direction, sink, data)
            if not self.closed:
                sink.shutdown(socket.SHUT_WR)
        except OSError:
            self.close()

    def close(self, reset=False):
        """End both connections, with a TCP reset if asked for."""
        self.closed = True
        for sock in self.sockets[UP]:
            with contextlib.suppress(OSError):
                if reset:
                    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                # wakes the thread that reads it, without which close() would do nothing yet
                sock.shutdown(socket.SHUT_RD if reset else socket.SHUT_RDWR)
            sock.close()


class Proxy:
    """Forwards a port of its own to target; start() may come later than the first client's attempt."""

    def __init__(self, target):
        self.target = target
        self.port, = free_ports(1)
        self.split = False
        self.passed = 0
        self.accepted = 0
        self._open = {UP: threading.Event(), DOWN: threading.Event()}
        self._links = []
        self._listener = None
        self._reset_odds = None
        self._stall_after = {}
        self.stalled = threading.Event()
        self.resume()

    def start(self, listener=None):
        """Listen, on a socket that listens already if given."""
        self._listener = listener or socket.create_server(("127.0.0.1", self.port))
        threading.Thread(target=self._accept, args=(self._listener,), daemon=True).start()

    def _accept(self, listener):
        while True:
            try:
                client, _ = listener.accept()
            except OSError:
                return
            self.accepted += 1
            try:
                server = socket.create_connection(("127.0.0.1", self.target), 10)
            except OSError:
                client.close()
                continue
            server.settimeout(None)
            for sock in (client, server):
                sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            # known to reset() before the client can hear from the server
            self._links.append(_Link(self, client, server))
            self._links[-1].start()

    def pass_on(self, link, direction, sink, data):
        """Send data on as the present mood has it; called on a link's thread."""
        for piece in ([data[i:i + 1] for i in range(len(data))] if self.split else [data]):
            self._open[direction].wait()
            if self._reset_odds and self._reset_odds():
                link.close(reset=True)
                raise OSError("reset")
            piece = self._stall_within(direction, sink, piece)
            sink.sendall(piece)
            self.passed += len(piece)

    def _stall_within(self, direction, sink, piece):
        """Send the beginning of piece if all is to stall there; return what is left of it when all goes on."""
        count = self._stall_after.get(direction)
        if count is None:
            return piece
        self._stall_after[direction] = count - len(piece)
        if count > len(piece):
            return piece
        del self._stall_after[direction]
        sink.sendall(piece[:count])
        self.pause(direction)
        self.stalled.set()
        self._open[direction].wait()
        return piece[count:]

    def pause(self, direction):
        """Pass nothing on in one direction; connections stay."""
        self._open[direction].clear()

    def stall(self):
        """Pass nothing on at all; connections stay, new ones are accepted."""
        self.pause(UP)
        self.pause(DOWN)

    def stall_after(self, direction, count):
        """Pass so many more bytes on in one direction and then nothing, and set the event stalled."""
        self.stalled = threading.Event()
        self._stall_after[direction] = count

    def resume(self):
        """Pass everything on again."""
        for event in self._open.values():
            event.set()

    @property
    def live(self):
        """How many connections there are."""
        return sum(not link.closed for link in list(self._links))

    def reset(self):
        """Reset every connection now and return how many those were; new ones are welcome."""
        links, self._links = self._links, []
        live = [link for link in links if not link.closed]
        for link in links:
            link.close(reset=True)
        return len(live)

    def reset_at_random(self, odds):
        """Reset a connection at each piece with these odds (0 ends that)."""
        chance = generator("proxy")
        self._reset_odds = (lambda: chance.random() < odds) if odds else None

    def stop(self):
        """Refuse new connections and reset the present ones."""
        if self._listener is not None:
            # close() alone would leave accept() waiting, and the port listening
            self._listener.shutdown(socket.SHUT_RDWR)
            self._listener.close()
            self._listener = None
        self.resume()
        self.reset()
