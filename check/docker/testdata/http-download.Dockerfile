FROM debian:trixie
RUN curl -fsSL http://example.com/x -o x # want `http://example.com/x comes without`
RUN wget -q http://localhost:8080/x
RUN curl -fsSL http://example.com/x -o x && echo "0 x" | sha256sum -c
RUN curl -fsSL https://example.com/x -o x
