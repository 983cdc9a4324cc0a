FROM alpine
RUN <<EOF
set -e
echo "$HOME"
apk add --no-cache curl
EOF
COPY <<-"END" <<two /etc/
	indented $X
	END
plain
two
COPY --chmod=0755 <<'SCRIPT' /usr/bin/run
#!/bin/sh
echo "a \ b"
SCRIPT
RUN cat <<a <<b && echo 1
x
a
y
b
RUN python3 3<<EOF
print(1)
EOF
RUN cat<<NOT
RUN echo "<<NOT either"
RUN bash -c 'x=${y:0:3}' <<EOF
z
EOF
ONBUILD RUN <<EOF
later
EOF
