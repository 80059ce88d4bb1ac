# Fill an image with the pinned packages: run by the definition files in containers/, as root, inside it.
#
#   sh build.sh [TORCH_INDEX]
set -eu

here=/opt/bakeoff
torch_index=${1:-}
# An image's build starts with an empty environment; uv takes the system's certificates from here.
export SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt

python3 -c 'import ctypes; ctypes.CDLL("libpangoft2-1.0.so.0")' 2>/dev/null || {
    apt-get -qq update
    DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends \
        ca-certificates libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0 libgomp1
    rm -rf /var/lib/apt/lists/*
}
python3 -m venv "$here/venv"
"$here/venv/bin/pip" install --quiet --no-cache-dir "$(grep '^uv==' "$here/lock.txt")"
# An image is read-only: what is not compiled here, every job compiles anew.
set -- --python "$here/venv/bin/python" --no-cache --compile-bytecode --constraints "$here/lock.txt"
if [ -n "$torch_index" ]; then
    "$here/venv/bin/uv" pip install "$@" --index-url "$torch_index" torch torchvision
fi
"$here/venv/bin/uv" pip install "$@" --requirements "$here/bakeoff.in"
"$here/venv/bin/pip" uninstall --quiet --yes uv
"$here/venv/bin/python" "$here/check.py" --versions >>"$APPTAINER_LABELS"
