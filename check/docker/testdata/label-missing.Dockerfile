# options labels=owner,team
FROM alpine:3.22 # want `the label team is not set`
LABEL owner=me
#----
FROM alpine:3.22
