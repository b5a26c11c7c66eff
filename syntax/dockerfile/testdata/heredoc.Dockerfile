FROM alpine:3.22
RUN <<EOF
set -e
apk add --no-cache curl
EOF
RUN <<-'SCRIPT' bash
	echo "$HOME"
	SCRIPT
COPY <<one.txt <<"two.txt" /etc/
first
one.txt
second $HOME
two.txt
RUN cat <<< "not a here-document"
RUN echo 3<<X
in the third
X
ADD --chmod=755 <<EOF /bin/tool
#!/bin/sh
# not a Dockerfile comment
EOF
ONBUILD RUN <<EOF
later
EOF
