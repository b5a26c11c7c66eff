# Many layers over a large tree: things added, touched, deleted, made again.
FROM scratch
ADD python.tar /
ADD venv.tar /
ADD app.tar /
ADD java.tar /
ADD shop.tar /
ADD go.tar /
RUN find /srv/app -name '*.js' -exec touch {} +
RUN rm -rf /srv/app/node_modules/@babel && mkdir -p /srv/app/node_modules/@babel/core && echo '{"name":"@babel/core","version":"7.8.0"}' > /srv/app/node_modules/@babel/core/package.json
RUN cp -r /srv/app /srv/app2
RUN rm -rf /srv/app2/node_modules/[a-m]*
RUN cp -r /srv/app /srv/app3 && rm -rf /srv/app3/node_modules/[n-z]*
RUN rm -rf /srv/app/node_modules/lodash
RUN cp -r /opt/venv /opt/venv2 && find /opt/venv2 -name '*.pyc' -delete
RUN rm -rf /usr/share/doc /usr/share/man /usr/share/locale
RUN mkdir -p /usr/share/doc /usr/share/locale && touch /usr/share/doc/empty
RUN chmod -R o-w /usr/lib/python3/dist-packages && find /usr/lib/python3/dist-packages -name '*.py' -exec touch {} +
RUN cp /opt/app/shop.jar /opt/app/shop-copy.jar
RUN rm /opt/app/shop.jar
RUN cp -r /usr/share/maven-repo /opt/maven-repo
RUN rm -rf /srv/app3
RUN mkdir -p /srv/app3/node_modules/ws && echo '{"name":"ws","version":"8.0.0"}' > /srv/app3/node_modules/ws/package.json
RUN head -c 150000000 /dev/urandom > /var/lib/blob && cp /var/lib/blob /var/lib/blob2
RUN rm /var/lib/blob
RUN cp -r /srv/app2 /srv/app4
RUN rm -rf /opt/venv/lib/python3*/site-packages/urllib3* && touch /done
