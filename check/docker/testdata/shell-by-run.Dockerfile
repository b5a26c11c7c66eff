FROM debian:trixie
RUN ln -sf /bin/bash /bin/sh # want `SHELL changes`
RUN ln -s /bin/bash /opt/sh
SHELL ["/bin/bash", "-c"]
