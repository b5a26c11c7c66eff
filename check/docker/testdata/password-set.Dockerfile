FROM debian:trixie
RUN echo 'root:root' | chpasswd # want `chpasswd puts a password`
RUN useradd -p secret app # want `useradd puts`
RUN passwd -l root
RUN useradd -m app
