FROM debian:trixie
RUN wget --no-check-certificate -q https://example.com/x # want `wget takes`
RUN wget -q https://example.com/x
