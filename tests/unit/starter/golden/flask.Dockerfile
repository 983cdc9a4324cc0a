# Flask, port 5000
FROM python:3.13 AS build
WORKDIR /app
RUN python -m venv /venv
COPY requirements.txt ./
RUN /venv/bin/pip install --no-cache-dir -r requirements.txt

FROM python:3.13-slim
ENV PYTHONUNBUFFERED=1 PATH=/venv/bin:$PATH PORT=5000
RUN useradd --create-home app
WORKDIR /app
COPY --from=build /venv /venv
COPY --chown=app:app . .
USER app
EXPOSE 5000
CMD ["sh", "-c", "exec gunicorn --bind 0.0.0.0:$PORT 'app:app'"]
