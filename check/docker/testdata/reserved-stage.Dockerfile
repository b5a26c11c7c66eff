FROM alpine:3.22 AS scratch # want `the name scratch`
FROM alpine:3.22 AS context # want `the name context`
FROM alpine:3.22 AS scratches
