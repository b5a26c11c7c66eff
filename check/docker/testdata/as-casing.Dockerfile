FROM alpine:3.22 as a # want `as is not in the case of FROM`
FROM alpine:3.22 AS b
from alpine:3.22 as c
