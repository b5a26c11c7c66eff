# What an overlay file system makes of changes to lower layers: whiteouts,
# opaque directories, hard links, files that become directories and back.
FROM scratch
COPY root/ /
RUN ["/bin/busybox", "sh", "-c", "/bin/busybox --install -s /bin && mkdir -p /srv/app/node_modules/kept /srv/app/node_modules/gone /srv/app/node_modules/remade /srv/app/node_modules/@scope/a && \
 for m in kept gone remade @scope/a; do echo '{\"name\":\"'$m'\",\"version\":\"1.0.0\"}' > /srv/app/node_modules/$m/package.json; done && \
 echo '{\"name\":\"app\",\"version\":\"1.0.0\"}' > /srv/app/package.json"]
RUN ["/bin/sh", "-c", "rm -rf /srv/app/node_modules/gone"]
RUN ["/bin/sh", "-c", "rm -rf /srv/app/node_modules/remade && mkdir /srv/app/node_modules/remade && echo '{\"name\":\"remade\",\"version\":\"2.0.0\"}' > /srv/app/node_modules/remade/package.json"]
RUN ["/bin/sh", "-c", "rm -rf /srv/app/node_modules/@scope && mkdir -p /srv/app/node_modules/@scope/b && echo '{\"name\":\"@scope/b\",\"version\":\"3.0.0\"}' > /srv/app/node_modules/@scope/b/package.json"]
RUN ["/bin/sh", "-c", "mkdir /srv/links && echo one > /srv/links/a && ln /srv/links/a /srv/links/b && ln -s /srv/links/a /srv/links/absolute && ln -s ../links/a /srv/links/relative"]
RUN ["/bin/sh", "-c", "rm /srv/links/a && touch /srv/links/b && rm /srv/app/package.json && mkdir /srv/app/package.json && rmdir /srv/app/package.json && echo '{\"name\":\"app\",\"version\":\"1.1.0\"}' > /srv/app/package.json"]
RUN ["/bin/sh", "-c", "rm -rf /srv/app/node_modules/kept && mkdir -p /srv/app/node_modules/kept && rm -rf /srv/app/node_modules/kept && mkdir -p /srv/app/node_modules/kept && echo '{\"name\":\"kept\",\"version\":\"1.2.0\"}' > /srv/app/node_modules/kept/package.json"]
