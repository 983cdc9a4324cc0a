# Next.js (yarn), port 8080
FROM node:24-slim AS build
WORKDIR /app
COPY package.json yarn.lock ./
RUN yarn install --frozen-lockfile
COPY . .
RUN yarn build

FROM nginxinc/nginx-unprivileged:stable-alpine
ENV PORT=8080
COPY <<'EOF' /etc/nginx/templates/default.conf.template
server {
    listen ${PORT};
    root /usr/share/nginx/html;
    location / {
        try_files $uri $uri.html $uri/ /index.html;
    }
}
EOF
COPY --from=build /app/out /usr/share/nginx/html
EXPOSE 8080
