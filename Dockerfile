# Builds Drover and runs it as an unprivileged user with its data in /var/lib/drover. The bundles of this repository lie
# packed in /bundles: drover plugin install /bundles/netskope.zip
FROM node:26.10.0-trixie-slim AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc tsconfig.base.json tsconfig.json ./
COPY packages packages
COPY plugins plugins
COPY runtime runtime
COPY schemas schemas
RUN npm ci --loglevel=error && npm run build
RUN mkdir /bundles && for vendor in plugins/*/; do \
    node runtime/bin/drover.mjs plugin pack "$vendor" --output "/bundles/$(basename "$vendor").zip" || exit 1; \
  done
# The image has this very Node already.
RUN npm prune --omit=dev --loglevel=error && rm -rf node_modules/node-linux-* node_modules/.bin/node

FROM node:26.10.0-trixie-slim
RUN apt-get update \
  && apt-get install -y --no-install-recommends libatomic1 \
  && rm -rf /var/lib/apt/lists/* \
  && groupadd --system --gid 10001 drover \
  && useradd --system --uid 10001 --gid drover --home-dir /var/lib/drover --create-home drover \
  && ln -s /app/runtime/bin/drover.mjs /usr/local/bin/drover
COPY --from=build /app /app
COPY --from=build /bundles /bundles
ENV DROVER_DATA_DIR=/var/lib/drover NODE_ENV=production
USER drover
WORKDIR /var/lib/drover
VOLUME /var/lib/drover
ENTRYPOINT ["drover"]
CMD ["serve"]
