"""A TLS listener of the suite's broker, with certificates of a test's own."""

from .ports import accepts, free_ports
from .wait import until


class TlsListener:
    """One more port of a Broker; any number of them can be open at once."""

    def __init__(self, broker, authority, certificate, address="127.0.0.1", client="optional", versions=()):
        """client: "optional" and "required" certificates are verified, "none" is asked for."""
        self._broker = broker
        self._address = address
        self.port, = free_ports(1)
        options = [f'{{cacertfile, "{authority.certfile}"}}', f'{{certfile, "{certificate.certfile}"}}',
                   f'{{keyfile, "{certificate.keyfile}"}}',
                   f'{{verify, {"verify_none" if client == "none" else "verify_peer"}}}',
                   f'{{fail_if_no_peer_cert, {"true" if client == "required" else "false"}}}']
        if versions:
            options.append("{versions, [" + ", ".join(f"'{version}'" for version in versions) + "]}")
        broker.eval(f'rabbit_networking:ensure_ssl(), rabbit_networking:start_ssl_listener('
                    f'{{"{address}", {self.port}}}, [{", ".join(options)}], 2)')
        if address == "127.0.0.1":
            until(lambda: accepts(self.port), what="the TLS listener")

    def url(self, vhost="%2F", user="guest:guest@", host=None, port=None, **parameters):
        """Return the URL of a vhost; parameters stand after the ?."""
        query = "&".join(f"{name}={value}" for name, value in parameters.items() if value is not None)
        host = host or (f"[{self._address}]" if ":" in self._address else self._address)
        return f"amqps://{user}{host}:{port or self.port}/{vhost}?{query}"

    def close(self):
        """Stop listening; connections stay."""
        self._broker.eval(f'rabbit_networking:stop_tcp_listener({{"{self._address}", {self.port}}})')
