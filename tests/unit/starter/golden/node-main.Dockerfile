# Node.js (npm), port 3000
FROM node:24-slim AS build
WORKDIR /app
COPY package.json ./
RUN npm install
COPY . .

FROM node:24-slim
ENV NODE_ENV=production HOSTNAME=0.0.0.0 HOST=0.0.0.0 PORT=3000
WORKDIR /app
COPY --from=build --chown=node:node /app ./
USER node
EXPOSE 3000
CMD ["node", "lib/x.js"]
