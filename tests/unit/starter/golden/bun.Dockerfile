# Express (bun), port 3000
FROM oven/bun:1 AS build
WORKDIR /app
COPY package.json bun.lock ./
RUN bun install --frozen-lockfile
COPY . .

FROM oven/bun:1-slim
ENV NODE_ENV=production HOSTNAME=0.0.0.0 HOST=0.0.0.0 PORT=3000
WORKDIR /app
COPY --from=build --chown=bun:bun /app ./
USER bun
EXPOSE 3000
CMD ["bun", "run", "start"]
