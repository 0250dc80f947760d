# Builds Drover and runs it as an unprivileged user with its data in /var/lib/drover.
FROM node:26.10.0-trixie-slim AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc tsconfig.base.json tsconfig.json ./
COPY packages packages
COPY plugins plugins
COPY runtime runtime
COPY schemas schemas
RUN npm ci --loglevel=error && npm run build

FROM node:26.10.0-trixie-slim
RUN apt-get update \
  && apt-get install -y --no-install-recommends libatomic1 \
  && rm -rf /var/lib/apt/lists/* \
  && useradd --system --uid 10001 --home-dir /var/lib/drover --create-home drover
COPY --from=build /app /app
ENV DROVER_DATA_DIR=/var/lib/drover NODE_ENV=production
USER drover
WORKDIR /var/lib/drover
VOLUME /var/lib/drover
ENTRYPOINT ["/app/runtime/bin/drover.mjs"]
CMD ["doctor"]
