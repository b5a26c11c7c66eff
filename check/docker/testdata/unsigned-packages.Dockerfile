FROM debian:trixie
RUN apt-get install -y --allow-unauthenticated x # want `apt-get --allow-unauthenticated`
RUN apk add --allow-untrusted x.apk # want `apk --allow-untrusted`
RUN yum install -y --nogpgcheck x # want `yum --nogpgcheck`
RUN rpm -i --nosignature x.rpm # want `rpm --nosignature`
RUN dnf install -y --setopt=gpgcheck=0 x # want `gpgcheck=0`
RUN apt-get -o APT::Get::AllowUnauthenticated=true install -y x # want `installs what nobody signed`
RUN apt-get install -y --force-yes x # want `--force-yes`
RUN rpm --import key.asc && apt-get install -y --allow-downgrades x
RUN dnf install -y --setopt=install_weak_deps=False x
