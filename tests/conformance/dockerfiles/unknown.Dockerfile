FROM alpine
RUNN a
