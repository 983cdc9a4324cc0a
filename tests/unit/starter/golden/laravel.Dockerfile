# Laravel, port 8080
FROM composer:2 AS build
WORKDIR /app
COPY composer.json composer.lock ./
RUN composer install --no-dev --no-scripts --no-autoloader --ignore-platform-reqs
COPY . .
RUN composer dump-autoload --no-dev --optimize --no-scripts

FROM php:8.4-apache
ENV PORT=8080
RUN docker-php-ext-install mysqli pdo_mysql && a2enmod rewrite \
    && sed -i 's/^Listen 80$/Listen ${PORT}/' /etc/apache2/ports.conf \
    && sed -i -e 's/:80>/:${PORT}>/' -e 's#/var/www/html#/var/www/html/public#' /etc/apache2/sites-available/000-default.conf
COPY --from=build --chown=www-data:www-data /app /var/www/html/
USER www-data
EXPOSE 8080
