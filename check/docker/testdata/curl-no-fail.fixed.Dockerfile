FROM debian:trixie
RUN curl -f -sSL https://example.com/x -o x
RUN curl -fsSL https://example.com/x -o x
RUN curl --fail https://example.com/x -o x
RUN curl --version
