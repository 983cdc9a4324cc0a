# FastAPI, port 8000
FROM python:3.12 AS build
WORKDIR /app
RUN python -m venv /venv
COPY requirements.txt ./
RUN /venv/bin/pip install --no-cache-dir -r requirements.txt
RUN /venv/bin/pip install --no-cache-dir uvicorn

FROM python:3.12-slim
ENV PYTHONUNBUFFERED=1 PATH=/venv/bin:$PATH PORT=8000
RUN useradd --create-home app
WORKDIR /app
COPY --from=build /venv /venv
COPY --chown=app:app . .
USER app
EXPOSE 8000
CMD ["sh", "-c", "exec uvicorn app.main:api --host 0.0.0.0 --port $PORT"]
