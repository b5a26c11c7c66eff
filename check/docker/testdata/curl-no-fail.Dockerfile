FROM debian:trixie
RUN curl -sSL https://example.com/x -o x # want `takes an error page`
RUN curl -fsSL https://example.com/x -o x
RUN curl --fail https://example.com/x -o x
RUN curl --version
