FROM alpine:3.22
RUN chmod -R 777 /app # want `chmod 777 lets`
RUN chmod a+rwx /app # want `a\+rwx`
RUN chmod o+w /app # want `o\+w`
COPY --chmod=0777 a /a # want `mode 0777`
RUN chmod 1777 /tmp && chmod 755 /app && chmod u+w /app && chmod +x /app
COPY --chmod=755 a /a
