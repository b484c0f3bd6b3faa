# The service alone: it reads bundles and makes none, so it needs no PyTorch.
#
#     docker build --tag crossfade .
#     docker run -p 8000:8000 -v bundles:/bundles crossfade
#
# The volume is what `crossfade index --out` wrote. tests/repository/test_image.py takes these steps without Docker.

FROM python:3.11-slim-trixie AS build
WORKDIR /source
COPY pyproject.toml constraints.txt README.md LICENSE ./
COPY service ./service
COPY indexing ./indexing
RUN python -m venv /opt/crossfade && \
    /opt/crossfade/bin/pip install --no-cache-dir --constraint constraints.txt .

FROM python:3.11-slim-trixie
COPY --from=build /opt/crossfade /opt/crossfade
ENV PATH=/opt/crossfade/bin:$PATH PYTHONUNBUFFERED=1
USER 10001
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=3s --start-period=10s \
    CMD ["python", "-c", "from urllib.request import urlopen; urlopen('http://127.0.0.1:8000/health/ready', timeout=2)"]
CMD ["crossfade", "serve", "--bundle", "/bundles", "--host", "0.0.0.0", "--port", "8000"]
