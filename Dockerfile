# The command line and JupyterLab in one image, from the lock. The build needs a package index; the image needs no network.
FROM python:3.13-slim AS build
WORKDIR /build
COPY requirements.lock ./
RUN python -m venv /opt/cdi \
 && /opt/cdi/bin/python -m pip install --no-cache-dir --no-deps --require-hashes --only-binary :all: -r requirements.lock
COPY pyproject.toml README.md CHANGELOG.md LICENSE ./
COPY src ./src
COPY notebooks ./notebooks
COPY data ./data
RUN /opt/cdi/bin/python -m pip install --no-cache-dir --no-deps --no-build-isolation . \
 && /opt/cdi/bin/python -m pip check

FROM python:3.13-slim
COPY --from=build /opt/cdi /opt/cdi
RUN useradd --create-home auditor && install -d -o auditor -g auditor /audits
ENV PATH=/opt/cdi/bin:$PATH PYTHONUTF8=1
USER auditor
WORKDIR /audits
ENTRYPOINT ["cdi"]
CMD ["--help"]
