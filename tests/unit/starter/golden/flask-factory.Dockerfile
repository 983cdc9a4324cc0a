# Flask, port 5000
FROM python:3.13 AS build
WORKDIR /app
RUN pip install poetry && python -m venv /venv
COPY pyproject.toml poetry.lock ./
RUN . /venv/bin/activate && poetry install --only main --no-root
RUN /venv/bin/pip install --no-cache-dir gunicorn

FROM python:3.13-slim
ENV PYTHONUNBUFFERED=1 PATH=/venv/bin:$PATH PORT=5000
RUN useradd --create-home app
WORKDIR /app
COPY --from=build /venv /venv
COPY --chown=app:app . .
USER app
EXPOSE 5000
CMD ["sh", "-c", "exec gunicorn --bind 0.0.0.0:$PORT 'app:create_app()'"]
