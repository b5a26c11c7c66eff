FROM debian:trixie
RUN curl -k https://example.com/x -o x # want `curl takes`
RUN curl -fsSLk https://example.com/x # want `curl takes`
RUN curl --insecure https://example.com/x # want `curl takes`
RUN curl -fsSL -o k -H k https://example.com/k
RUN curl -ok https://example.com/k
