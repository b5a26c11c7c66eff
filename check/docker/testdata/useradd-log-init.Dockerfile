FROM debian:trixie
RUN useradd -u 1234567 app # want `with the id 1234567`
RUN useradd -l -u 1234567 app
RUN useradd --no-log-init -u 1234567 app
RUN useradd -u 10001 app
