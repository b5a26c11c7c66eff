FROM alpine:3.22
LABEL a="" b=c # want `the label a has no value`
LABEL d=$E
