FROM alpine:3.22
run true # want `run is not in the case`
Copy a /b # want `Copy is not`
COPY c /d
#----
from alpine:3.22
run true
