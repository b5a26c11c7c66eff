FROM alpine:3.22 AS a
FROM alpine:3.22 AS b
from alpine:3.22 as c
