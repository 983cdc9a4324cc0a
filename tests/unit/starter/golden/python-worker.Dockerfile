# Python, port 0
FROM python:3.13 AS build
WORKDIR /app
RUN pip install pipenv && python -m venv /venv
COPY Pipfile Pipfile.lock ./
RUN . /venv/bin/activate && pipenv install --deploy

FROM python:3.13-slim
ENV PYTHONUNBUFFERED=1 PATH=/venv/bin:$PATH
RUN useradd --create-home app
WORKDIR /app
COPY --from=build /venv /venv
COPY --chown=app:app . .
USER app
CMD ["sh", "-c", "exec python main.py"]
