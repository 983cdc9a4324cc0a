# static files, port 8080
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
COPY . /usr/share/nginx/html
EXPOSE 8080
