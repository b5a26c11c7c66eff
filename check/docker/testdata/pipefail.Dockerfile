FROM debian:trixie
RUN curl -fsSL https://example.com/x.tgz | tar xz # want `when curl fails`
RUN set -o pipefail && curl -f https://example.com/x | tar xz
RUN echo y | apt-get install x
RUN curl -f https://example.com/x -o x
SHELL ["/bin/bash", "-o", "pipefail", "-c"]
RUN curl -f https://example.com/x | tar xz
