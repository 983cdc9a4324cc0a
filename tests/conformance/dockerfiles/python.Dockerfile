ARG PYTHON_VERSION=3.12
FROM python:${PYTHON_VERSION}-slim as base
ENV PYTHONUNBUFFERED 1
LABEL org.opencontainers.image.title="an app" maintainer="a person <a@example.com>"
ARG REQS=requirements.txt
COPY ${REQS} /tmp/
RUN pip install -r /tmp/$REQS
# a comment
RUN apt-get update && \
    # inside of a continuation
    apt-get install -y \

      curl \
    && rm -rf /var/lib/apt/lists/*
ENTRYPOINT [ "gunicorn" , "app:app" ]
CMD gunicorn --bind 0.0.0.0:8000
VOLUME ["/data", "/cache"]
STOPSIGNAL SIGTERM
