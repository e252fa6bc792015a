# docker build -t srs .   See docs/container.md.
FROM docker.io/library/node:24-bookworm-slim AS build
ARG TARGETARCH
WORKDIR /source
COPY package.json package-lock.json .npmrc ./
RUN npm ci --omit=dev
COPY . .
RUN npm run build && mkdir -p /image/run && mv dist/srs /image/srs-$TARGETARCH

FROM gcr.io/distroless/base-nossl-debian12
ARG TARGETARCH
COPY --from=build /image/srs-$TARGETARCH /usr/bin/srs
COPY --from=build --chown=65532:65532 /image/run /run/srs
COPY conf/container.toml /etc/srs/srs.toml
LABEL org.opencontainers.image.title=srs org.opencontainers.image.licenses=MIT
ENV SRS_PID=/run/srs/srs.pid
VOLUME /run/srs
EXPOSE 1935 8080
USER 65532:65532
HEALTHCHECK --interval=10s --timeout=5s --start-period=10s CMD ["/usr/bin/srs", "status", "--check"]
ENTRYPOINT ["/usr/bin/srs"]
CMD ["--conf", "/etc/srs/srs.toml"]
