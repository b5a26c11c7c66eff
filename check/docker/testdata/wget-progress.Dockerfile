FROM debian:trixie
RUN wget https://example.com/x # want `wget writes progress`
RUN wget -q https://example.com/x
RUN wget -nv https://example.com/x
RUN wget --progress=dot:giga https://example.com/x
