# SPDX-License-Identifier: GPL-3.0-or-later
# ccp in a container:
#
#   docker build -t ccp .
#   docker run -d --name ccp -p 127.0.0.1:8888:8888 \
#       -e API_KEY='a long secret' -v ccp-claude:/home/ccp/.claude \
#       -v ccp-state:/home/ccp/.ccp -v ~/projects:/projects ccp
#   docker exec -it ccp claude          # log in, once
#
# It listens on all addresses of the container, so it does not start without
# a key of your own.
ARG BASE=debian:bookworm-slim
# Only to fetch Claude Code with npm.
ARG NODE=node:22-bookworm-slim

FROM ${BASE} AS build
RUN apt-get -q update && \
    DEBIAN_FRONTEND=noninteractive apt-get -q install -y \
	--no-install-recommends autoconf automake gcc libc6-dev libcjson-dev \
	libgdbm-dev make nettle-dev pkg-config
WORKDIR /source
COPY . .
RUN autoreconf -fi && \
    ./configure --quiet --without-systemd --with-systemduserunitdir=no && \
    make -s -j"$(nproc)" && \
    make -s install-strip DESTDIR=/tree

# Claude Code, as npm has it: the program of this platform, which needs no
# Node.  Its licence is its maker's.
FROM ${NODE} AS claude
ARG CLAUDE_VERSION=2.1.330
RUN mkdir -p /tree/usr/local/bin && \
    if [ -n "$CLAUDE_VERSION" ]; then \
	case $(uname -m) in \
	x86_64) platform=linux-x64 ;; \
	aarch64) platform=linux-arm64 ;; \
	*) echo 'there is no Claude Code for this platform' >&2; exit 1 ;; \
	esac && \
	npm install --prefix /npm --ignore-scripts --force --no-audit \
	    --no-fund "@anthropic-ai/claude-code@$CLAUDE_VERSION" && \
	mv "/npm/node_modules/@anthropic-ai/claude-code-$platform/claude" \
	    /tree/usr/local/bin/ && \
	chmod 755 /tree/usr/local/bin/claude; \
    fi

FROM ${BASE}
RUN apt-get -q update && \
    DEBIAN_FRONTEND=noninteractive apt-get -q install -y \
	--no-install-recommends ca-certificates curl git libcjson1 libgdbm6 \
	libnettle8 && \
    rm -rf /var/lib/apt/lists/*
# Files of /projects belong to whoever started the container: with
# --build-arg UID="$(id -u)" that is who writes them.
ARG UID=1000
RUN useradd --create-home --user-group --uid "$UID" --shell /bin/bash ccp && \
    install -d -o ccp -g ccp -m 700 /home/ccp/.claude /home/ccp/.ccp && \
    install -d -o ccp -g ccp /projects
COPY --from=claude /tree /
COPY --from=build /tree /
USER ccp
# The login, with what Claude Code would else write beside that directory.
ENV HOST=0.0.0.0 PORT=8888 \
    CLAUDE_CONFIG_DIR=/home/ccp/.claude DISABLE_AUTOUPDATER=1 \
    SESSION_FILE=/home/ccp/.ccp/sessions.db \
    XDG_STATE_HOME=/home/ccp/.ccp/state
VOLUME ["/home/ccp/.claude", "/home/ccp/.ccp"]
# Where Claude works unless a request says otherwise.
WORKDIR /projects
EXPOSE 8888
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=30s --timeout=5s --start-period=10s \
    CMD curl -fsS -o /dev/null "http://127.0.0.1:$PORT/health"
ENTRYPOINT ["ccp"]
CMD ["start"]
