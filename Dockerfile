# One image for all of Weir's processes; docker-compose.yml says which one a container is.
FROM python:3.12-slim-bookworm

ENV PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 PIP_DISABLE_PIP_VERSION_CHECK=1 \
    WEIR_STATIC_ROOT=/srv/weir-static WEIR_LOG_FORMAT=json

RUN useradd --system --uid 10001 --home-dir /nonexistent --shell /usr/sbin/nologin weir
WORKDIR /srv/weir

# Before the code, so that a change of code leaves the layer with the packages alone.
COPY requirements.lock ./
RUN pip install --no-cache-dir --require-hashes --only-binary :all: -r requirements.lock

COPY manage.py ./
COPY config config
COPY governance governance
COPY registry registry
COPY topics topics
COPY templates templates
COPY static static
RUN python -m compileall -q . \
    && WEIR_SECRET_KEY=build WEIR_DATABASE_URL=postgresql://build@localhost/build \
       WEIR_REDIS_URL=redis://localhost python manage.py collectstatic --no-input --verbosity 0

# By number, so that a cluster can tell that it is not root.
USER 10001
EXPOSE 8000 8081
CMD ["granian", "--interface", "wsgi", "--host", "0.0.0.0", "--port", "8000", "--blocking-threads", "8", "--workers-kill-timeout", "30", "--respawn-failed-workers", "config.wsgi:application"]
