FROM python:3.13
RUN pip install flask # want `the version of flask`
RUN python3 -m pip install --no-cache-dir -i https://x/simple "flask>=3" # want `flask>=3`
RUN pip install flask==3.1.0 gunicorn~=23.0 . ./lib.whl git+https://x@abc
RUN pip install -r requirements.txt
RUN pip install --upgrade pip
RUN pip download x
