FROM python:3.13-slim
RUN pip install --no-cache-dir flask==3.0.0
RUN python3 -m pip install --no-cache-dir -r requirements.txt
RUN pip3 install --no-cache-dir flask==3.0.0
RUN --mount=type=cache,target=/root/.cache/pip pip install flask==3.0.0
ENV PIP_NO_CACHE_DIR=1
RUN pip install flask==3.0.0
