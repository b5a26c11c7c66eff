FROM debian:trixie
RUN git config --global http.sslVerify false # want `git takes`
RUN git -c http.sslVerify=false clone https://x/y # want `git takes`
ENV GIT_SSL_NO_VERIFY=1 # want `GIT_SSL_NO_VERIFY takes`
RUN git config --global http.sslVerify true
