FROM alpine
 RUN x
ENV A=b C=d
