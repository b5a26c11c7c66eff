FROM alpine:3.23
RUN --mount=type=secret,npm_token=x cat /run/secrets/npm_token # want `type secret does not take npm_token`
RUN --mount=type=cache,id=a true # want `type cache needs a target`
RUN --mount=type=volume,target=/x true # want `no mount of type volume`
RUN --mount=type=secret,id=token,env=TOKEN,required=true true
RUN --mount=type=secret,id=token,target=/run/secrets/t,mode=0400,uid=1000 true
RUN --mount=type=cache,target=/root/.npm,sharing=locked,readonly true
RUN --mount=target=/src,from=build,source=/x true
RUN --mount=type=bind,source=a,target=/a,rw true
RUN --mount=type=tmpfs,target=/tmp,size=10m true
RUN --mount=type=ssh git clone git@example.com:a/b
RUN --mount=type=$KIND,target=/a true
