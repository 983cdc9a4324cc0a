# Django, port 8000
FROM python:3.13 AS build
WORKDIR /app
RUN python -m venv /venv
COPY requirements.txt ./
RUN /venv/bin/pip install --no-cache-dir -r requirements.txt
RUN /venv/bin/pip install --no-cache-dir gunicorn

FROM python:3.13-slim
ENV PYTHONUNBUFFERED=1 PATH=/venv/bin:$PATH PORT=8000
RUN apt-get update && apt-get install -y --no-install-recommends libpq5 && rm -rf /var/lib/apt/lists/*
RUN useradd --create-home app
WORKDIR /app
COPY --from=build /venv /venv
COPY --chown=app:app . .
USER app
EXPOSE 8000
CMD ["sh", "-c", "exec gunicorn --bind 0.0.0.0:$PORT shop.wsgi:application"]
