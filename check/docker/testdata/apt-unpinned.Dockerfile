FROM debian:trixie
RUN apt-get update && apt-get install -y curl # want `the version of curl is left open`
RUN apt-get install -y -o X=y -t trixie a b c d # want `versions of a, b, c and so on`
RUN apt-get install -y curl=8.14.1-2 ./x.deb /tmp/y.deb $PKGS
RUN apt-get remove curl
