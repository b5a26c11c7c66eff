FROM python:3.13
ENV PYTHONHTTPSVERIFY=0 # want `takes what anybody`
RUN PYTHONHTTPSVERIFY=0 python x.py # want `takes what anybody`
ENV PYTHONHTTPSVERIFY=1
