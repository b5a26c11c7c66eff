FROM debian:trixie AS a
RUN curl -f https://example.com/x -o x
RUN wget -q https://example.com/y # want `stage a uses wget`
FROM debian:trixie
RUN wget -q https://example.com/y
