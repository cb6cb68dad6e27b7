# heartbeat-consumer in a container: docker build -t heartbeat-consumer .
#
# The agent's heartbeat.json is mounted, read-only if you like; its state belongs into a volume:
#
#   docker run -d --name cack -e AGENT_NAME=cack -e RABBIT_URL=amqp://user:password@broker:5672/ \
#     -v "$PWD/heartbeat.json:/etc/heartbeat-consumer/heartbeat.json:ro" -v cack-state:/var/lib/heartbeat-consumer \
#     heartbeat-consumer

FROM debian:bookworm-slim AS build

# what is installed changes less often than what is built
COPY tests/debian-packages.sh /tmp/
RUN bash -euc '. /tmp/debian-packages.sh; apt-get update; \
      DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "${BUILD_PACKAGES[@]}"'

COPY . /source
RUN meson setup /build /source --prefix=/usr/local --buildtype=release -Dtests=false -Dintrospection=disabled \
      -Dvapi=disabled -Ddocs=disabled \
    && ninja -C /build \
    && DESTDIR=/staging meson install -C /build --no-rebuild --strip --tags runtime,i18n \
    # the programs have all of the library in them
    && rm -rf /staging/usr/local/lib
# The packages of these three bring half a desktop, systemd and 40 MB of Unicode data, for what is never used here.
RUN folder=usr/lib/$(dpkg-architecture -qDEB_HOST_MULTIARCH) \
    && install -D -t "/staging/$folder" "/$folder/libnotify.so.4" "/$folder/libgdk_pixbuf-2.0.so.0" \
    && install -D -t "/staging/$folder/gio/modules" "/$folder/gio/modules/libgiognutls.so"


FROM debian:bookworm-slim

# tini is process 1: it buries what handlers leave behind, and passes signals on
RUN apt-get update \
    && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends \
      ca-certificates libglib2.0-0 libgnutls30 libjpeg62-turbo libjson-glib-1.0-0 libpng16-16 librabbitmq4 \
      tini tzdata \
    && rm -rf /var/lib/apt/lists/* /var/cache/apt/* /var/cache/debconf/*-old /var/log/apt /var/log/dpkg.log

COPY --from=build /staging/ /

# 1000 is whom most machines know as their first user, so that a folder of his that is mounted can be written
RUN groupadd --gid 1000 heartbeat \
    && useradd --uid 1000 --gid heartbeat --home-dir /var/lib/heartbeat-consumer --shell /usr/sbin/nologin heartbeat \
    && install -d -o heartbeat -g heartbeat -m 700 /var/lib/heartbeat-consumer \
    && install -d /etc/heartbeat-consumer/handlers \
    && ldconfig

# handlers of your own go to /etc/heartbeat-consumer/handlers; there is no session bus here
ENV LANG=C.UTF-8 \
    XDG_CONFIG_HOME=/etc \
    XDG_STATE_HOME=/var/lib \
    HEARTBEAT_PATH=/etc/heartbeat-consumer/heartbeat.json \
    HEARTBEAT_BUS=none

USER heartbeat
WORKDIR /var/lib/heartbeat-consumer
VOLUME /var/lib/heartbeat-consumer

# No HEALTHCHECK: the service ends when it cannot go on, and outlives a broker that is away and a broken file; to start it
# again because of these would only forget the last good file. `heartbeatctl doctor` says in the container how it is.
ENTRYPOINT ["/usr/bin/tini", "--"]
CMD ["heartbeat-consumer"]
