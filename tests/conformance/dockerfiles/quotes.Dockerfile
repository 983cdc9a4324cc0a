FROM alpine
ENV A="a b" B='c d' C=e\ f D="x\"y" E=$A F=${B:-none} G="it's"
ENV OLD one two "three"
LABEL a.b="c" "d e"=f
ARG X Y=1 Z="a b"
ADD --checksum=sha256:24454f830cdb571e2c4ad15481119c43b3cafd48dd869a9b2945d1036d1dc68d https://example.com/a.tar.gz /opt/
ADD --keep-git-dir=true https://github.com/moby/buildkit.git#v0.10.1 /buildkit
COPY ["a b.txt", "c", "/x/"]
COPY --parents --exclude=*.md --exclude=*.txt ./a/*.txt /b/
COPY --link=false a b
RUN ["/bin/sh", "-c", "echo \"hi\""]
RUN [not json
CMD []
MAINTAINER somebody
WORKDIR "/a b"
