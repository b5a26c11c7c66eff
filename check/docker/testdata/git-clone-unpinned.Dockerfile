FROM debian:trixie
RUN git clone https://example.com/x.git # want `whatever the default branch`
RUN git clone --depth 1 --branch v1.2.3 https://example.com/x.git
RUN git clone https://example.com/x.git && cd x && git checkout 0123abc
RUN git --version
