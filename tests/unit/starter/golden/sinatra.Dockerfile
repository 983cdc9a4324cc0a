# Ruby, port 9292
FROM ruby:3.4 AS build
WORKDIR /app
ENV BUNDLE_PATH=/bundle BUNDLE_WITHOUT=development:test
COPY Gemfile ./
RUN bundle install
COPY . .

FROM ruby:3.4-slim
ENV BUNDLE_PATH=/bundle BUNDLE_WITHOUT=development:test RAILS_ENV=production RACK_ENV=production RAILS_LOG_TO_STDOUT=1 PORT=9292
RUN apt-get update && apt-get install -y --no-install-recommends libpq5 libyaml-0-2 && rm -rf /var/lib/apt/lists/* && useradd --create-home app
WORKDIR /app
COPY --from=build /bundle /bundle
COPY --from=build --chown=app:app /app ./
USER app
EXPOSE 9292
CMD ["sh", "-c", "exec bundle exec puma -b tcp://0.0.0.0:$PORT"]
