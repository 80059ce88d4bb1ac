# Install system packages as root; otherwise name the one command that does, and end.
#
#   sh envs/system_package.sh PACKAGE...
set -eu

if ! command -v apt-get >/dev/null; then
    echo "Missing on this machine: $* (Debian's names). Install them with your package manager, then run make again." >&2
    exit 1
fi
if [ "$(id -u)" != 0 ]; then
    echo "Missing on this machine: $*. Run this, then make again:" >&2
    echo "  sudo apt-get install -y $*" >&2
    exit 1
fi
echo "Installing $* ..."
apt-get -qq update >/dev/null
DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends "$@" >/dev/null
