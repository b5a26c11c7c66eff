FROM debian:trixie
RUN wget --progress=dot:giga https://example.com/x
RUN wget -q https://example.com/x
RUN wget -nv https://example.com/x
RUN wget --progress=dot:giga https://example.com/x
