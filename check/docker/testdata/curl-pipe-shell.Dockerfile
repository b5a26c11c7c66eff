FROM debian:trixie
RUN curl -fsSL https://example.com/i.sh | bash # want `what curl fetches is run by bash`
RUN wget -qO- https://example.com/i.py | python3 - --yes # want `python3`
RUN sh -c "$(curl -fsSL https://example.com/i.sh)" # want `run by sh`
RUN curl -fsSL https://example.com/i.sh | sudo -E bash - # want `bash`
RUN curl -fsSL https://example.com/x.tgz | tar xz && bash run.sh
RUN curl -fsSL https://example.com/key | gpg --dearmor > /k.gpg
RUN curl -o i.sh https://example.com/i.sh && sha256sum -c sums && sh i.sh
