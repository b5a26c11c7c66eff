FROM debian:trixie
RUN curl -fsSL https://me:hunter2@example.com/x -o x # want `the address of example.com holds a password`
ENV DATABASE_URL=postgres://app:hunter2@db:5432/app # want `the address of db:5432`
RUN curl -fsSL https://me:$PASS@example.com/x -o x
RUN curl -fsSL https://example.com:8443/a@b -o x
RUN git clone ssh://git@example.com/x.git
