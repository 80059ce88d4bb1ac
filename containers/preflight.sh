# Say in one line each what building an image here lacks, and how to mend it; silent when all is there.
#
#   sh containers/preflight.sh
set -eu

NEEDED_GB=8
lacking=0

lack() {
    echo "containers: $*" >&2
    lacking=1
}

command -v apptainer >/dev/null ||
    lack "Apptainer is missing: see https://apptainer.org/docs/admin/main/installation.html"

unshare --user true 2>/dev/null || [ "$(id -u)" = 0 ] ||
    lack "user namespaces are off: as root, sysctl -w user.max_user_namespaces=15000 kernel.unprivileged_userns_clone=1"

for file in ${SUBID_FILES:-/etc/subuid /etc/subgid}; do
    grep -qs -e "^$(id -un):" -e "^$(id -u):" "$file" ||
        lack "$file gives $(id -un) no ids to build with: as root, echo '$(id -un):100000:65536' >> $file"
done

for folder in "$(dirname "$0")" "${APPTAINER_TMPDIR:-${TMPDIR:-/tmp}}"; do
    free=$(df -Pk "$folder" | awk 'NR == 2 { print int($4 / 1000000) }')
    [ "$free" -ge "${NEEDED_DISK_GB:-$NEEDED_GB}" ] ||
        lack "$folder has $free GB free, an image needs $NEEDED_GB (APPTAINER_TMPDIR names another folder to work in)"
done

exit $lacking
