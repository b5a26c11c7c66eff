FROM alpine:3.22
RUN true
COPY a /b
COPY c /d
#----
from alpine:3.22
run true
