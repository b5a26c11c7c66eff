FROM debian:bookworm
RUN curl -fsSL https://example.com/key | apt-key add - # want `apt-key add trusts`
RUN apt-key adv --recv-keys ABCD # want `apt-key adv`
RUN apt-key list
