# Django, port 8000
FROM python:3.13 AS build
WORKDIR /app
RUN pip install uv
COPY pyproject.toml uv.lock ./
RUN UV_PROJECT_ENVIRONMENT=/venv UV_PYTHON_DOWNLOADS=never uv sync --frozen --no-dev --no-install-project
RUN uv pip install --python /venv/bin/python gunicorn

FROM python:3.13-slim
ENV PYTHONUNBUFFERED=1 PATH=/venv/bin:$PATH PORT=8000
RUN useradd --create-home app
WORKDIR /app
COPY --from=build /venv /venv
COPY --chown=app:app . .
USER app
EXPOSE 8000
CMD ["sh", "-c", "exec gunicorn --bind 0.0.0.0:$PORT shop.wsgi:application"]
