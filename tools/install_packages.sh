#!/bin/sh
# Installs what is missing of the given sections of tools/packages.txt, and says what it installs.
# Asks nothing. When nothing is missing it only asks dpkg, and is done in a few milliseconds.
#
#   tools/install_packages.sh build [test] [tools] [lint] [stack-...]
set -eu

here=$(cd "$(dirname "$0")" && pwd)
programs=$here/../build/tools

lines_of() {
    for section in "$@"; do
        sed -n "/^\[$section\]/,/^\[/p" "$here/packages.txt"
    done | grep -v -e '^\[' -e '^#' -e '^$' | sort -u
}

# The packages among the arguments that are not installed.
missing_of() {
    installed=$(dpkg-query -W -f '${db:Status-Status} ${Package}\n' "$@" 2>/dev/null |
        sed -n 's/^installed //p') || true
    for package in "$@"; do
        case "
$installed
" in *"
$package
"*) ;; *) echo "$package" ;; esac
    done
}

as_root() {
    if [ "$(id -u)" -eq 0 ]; then
        "$@"
    elif command -v sudo >/dev/null && { sudo -n true 2>/dev/null || [ -t 0 ]; }; then
        sudo "$@"
    else
        echo "Run this as root, or where sudo needs no password:  $*" >&2
        return 1
    fi
}

apt() {
    as_root env DEBIAN_FRONTEND=noninteractive \
        apt-get -qq -o DPkg::Lock::Timeout=120 "$@" </dev/null
}

# The lists of packages may be old or absent: then one update, and once more.
apt_install() {
    apt install -y --no-install-recommends "$@" >/dev/null 2>&1 && return
    apt update
    apt install -y --no-install-recommends "$@" >/dev/null
}

# Takes one program out of a package that should not be installed as a whole.
fetch_program() {
    command -v "$1" >/dev/null && return
    [ -x "$programs/$1" ] && return
    echo "fetching $1 (from the package $2)" >&2
    work=$(mktemp -d)
    chmod 755 "$work"
    (
        cd "$work"
        apt-get -qq download "$2" 2>/dev/null || { apt update && apt-get -qq download "$2"; }
    )
    dpkg-deb -x "$work"/*.deb "$work/tree"
    mkdir -p "$programs"
    find "$work/tree" -name "$1" -type f -perm -100 -exec cp {} "$programs/" \;
    rm -rf "$work"
    [ -x "$programs/$1" ]
}

if ! command -v dpkg-query >/dev/null; then
    echo "This is not Debian: make sure that you have what tools/packages.txt names." >&2
    exit 0
fi

# PostgreSQL's package would make a cluster and start it: ours are our own (tools/stack.sh).
without_cluster() {
    case " $* " in
    *" postgresql "*)
        as_root sh -c 'mkdir -p /etc/postgresql-common/createcluster.d &&
            echo "create_main_cluster = false" >/etc/postgresql-common/createcluster.d/parley.conf'
        ;;
    esac
}

wanted=$(for section in "$@"; do
    case $section in *tools) ;; *) lines_of "$section" ;; esac
done | sort -u)
# shellcheck disable=SC2086 # one word a package
missing=$(missing_of $wanted)
if [ -n "$missing" ]; then
    # shellcheck disable=SC2086
    echo "installing:" $missing >&2
    # shellcheck disable=SC2086
    without_cluster $missing
    # shellcheck disable=SC2086
    apt_install $missing
fi
for section in "$@"; do
    case $section in
    *tools)
        lines_of "$section" | while read -r program package; do
            fetch_program "$program" "$package"
        done
        ;;
    esac
done
