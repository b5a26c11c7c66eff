FROM debian:trixie
RUN systemctl start nginx # want `systemctl has no meaning`
RUN top # want `top has`
RUN systemctl enable nginx
RUN vim +PlugInstall +qall
