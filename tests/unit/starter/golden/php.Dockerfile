# PHP, port 8080
FROM php:8.4-apache
ENV PORT=8080
RUN docker-php-ext-install mysqli pdo_mysql && a2enmod rewrite \
    && sed -i 's/^Listen 80$/Listen ${PORT}/' /etc/apache2/ports.conf \
    && sed -i -e 's/:80>/:${PORT}>/' -e 's#/var/www/html#/var/www/html#' /etc/apache2/sites-available/000-default.conf
COPY --chown=www-data:www-data . /var/www/html/
USER www-data
EXPOSE 8080
