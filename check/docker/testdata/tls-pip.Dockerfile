FROM python:3.13
RUN pip install --trusted-host pypi.example.com x==1 # want `pip takes`
ENV PIP_TRUSTED_HOST=pypi.example.com # want `pip takes`
RUN pip install --cert /ca.pem x==1
