FROM ruby:3.4
RUN gem install bundler # want `the version of bundler`
RUN gem install bundler:2.7.0
RUN gem install rails --version 8.0.0
RUN gem update --system
