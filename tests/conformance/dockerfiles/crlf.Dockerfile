FROM alpine
RUN echo \
  hi
COPY <<EOF /x
a
EOF
CMD ["x"]
