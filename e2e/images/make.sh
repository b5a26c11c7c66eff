#!/usr/bin/env bash
# Makes the images that the end-to-end tests and benchmarks scan, in a cache
# directory: $BOLTSEAL_E2E_CACHE, or ~/.cache/boltseal-e2e.
#
#   make.sh small | full | NAME…
#
# Each image is a directory images/NAME with docker.tar (as "docker save"
# writes it), oci/ (gzip) and zstd/ (OCI layouts named NAME:latest) and truth/
# (what other programs say is inside). One that is there and whose recipe has
# not changed is left alone. Needs root, Debian's mmdebstrap and dpkg, go, and
# for single images node, python3, java's jars, rpm, busybox-static, docker.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
cache=${BOLTSEAL_E2E_CACHE:-$HOME/.cache/boltseal-e2e}
work=$cache/work images=$cache/images recipes=$here/recipes
suite=bookworm
export SOURCE_DATE_EPOCH=1750000000 LC_ALL=C
mkdir -p "$work" "$images"

say() { echo "make.sh: $*" >&2; }
need() { for tool; do command -v "$tool" >/dev/null || { say "$tool is needed: apt-get install $tool, or what provides it"; exit 1; }; done; }

mkimage() {
  [[ -x $work/mkimage && -z $(find "$here/mkimage" -newer "$work/mkimage" -name '*.go') ]] ||
    (cd "$here" && go build -o "$work/mkimage" ./mkimage)
  "$work/mkimage" "$@"
}

# rootfs NAME PACKAGES [SOURCES]: a Debian root file system as a tar.
rootfs() {
  local tar=$work/$1.tar include=${2:+--include=$2}
  [[ -s $tar ]] && return
  need mmdebstrap
  say "installing $1"
  local try
  for try in 1 2 3; do # a mirror may be busy for a moment
    # shellcheck disable=SC2086
    mmdebstrap --format=tar --variant=minbase --aptopt='APT::Install-Recommends "false"' --aptopt='Acquire::Retries "5"' \
      $include $suite "$tar.tmp" ${3:+"$3"} 2>"$work/$1.log" && { mv "$tar.tmp" "$tar"; return; }
    tail -n 20 "$work/$1.log" >&2
    sleep $((try * 5))
  done
  return 1
}

# apt_layer FULL: what FULL has more than the base.
apt_layer() {
  rootfs debian ""
  [[ -s $work/$1-apt.tar && $work/$1-apt.tar -nt $work/$1.tar ]] || mkimage diff -o "$work/$1-apt.tar" "$work/debian.tar" "$work/$1.tar"
}

# dpkg_truth TAR NAME: what dpkg says is installed.
dpkg_truth() {
  local tmp; tmp=$(mktemp -d)
  tar -xf "$1" -C "$tmp" ./var/lib/dpkg
  mkdir -p "$images/$2/truth"
  dpkg-query --admindir="$tmp/var/lib/dpkg" -W -f '${Package}\t${Version}\t${Architecture}\n' | sort >"$images/$2/truth/dpkg.txt"
  rm -rf "$tmp"
}

image_debian() {
  rootfs debian ""
  mkimage image -o "$images/debian" -name debian:latest -config '{"Cmd":["bash"]}' "$work/debian.tar=mmdebstrap --variant=minbase"
  dpkg_truth "$work/debian.tar" debian
}

# Without the security suite, so with everything that it repairs.
image_debian-vuln() {
  local mirror
  mirror=$(apt-get indextargets --format '$(SITE)' 'Created-By: Packages' 'Origin: Debian' 'Label: Debian' | sort -u | head -n 1)
  rootfs debian-vuln "" "deb ${mirror:?no Debian mirror: run apt-get update} $suite main"
  mkimage image -o "$images/debian-vuln" -name debian-vuln:latest -config '{"Cmd":["bash"]}' "$work/debian-vuln.tar=mmdebstrap --variant=minbase"
  dpkg_truth "$work/debian-vuln.tar" debian-vuln
}

node_app() {
  [[ -s $work/app.tar && $work/app.tar -nt $recipes/package.json ]] && return
  need npm node
  say "installing npm packages"
  mkdir -p "$work/app"
  cp "$recipes/package.json" "$work/app/"
  (cd "$work/app" && npm install --ignore-scripts --no-audit --no-fund --legacy-peer-deps --loglevel=error >"$work/npm.log" 2>&1) || { cat "$work/npm.log" >&2; return 1; }
  mkimage tar -o "$work/app.tar" -prefix srv/app "$work/app"
}

image_node() {
  rootfs node nodejs
  apt_layer node
  node_app
  mkimage image -o "$images/node" -name node:latest -config '{"Cmd":["node","/srv/app"],"WorkingDir":"/srv/app","User":"node"}' \
    "$work/debian.tar=mmdebstrap --variant=minbase" "$work/node-apt.tar=RUN apt-get install -y nodejs" "$work/app.tar=COPY . /srv/app"
  dpkg_truth "$work/node.tar" node
  node "$recipes/npm-truth.js" "$work/app" | sort >"$images/node/truth/npm.txt"
}

python_rootfs() {
  rootfs python python3,python3-pip,python3-venv,python3-numpy,python3-pandas,python3-django,python3-flask,python3-requests,python3-sqlalchemy,python3-yaml,python3-cryptography,python3-pil,python3-lxml,python3-aiohttp,python3-twisted,python3-tornado,python3-paramiko,python3-jinja2,python3-markdown,python3-bleach,python3-babel,python3-docutils
}

python_venv() {
  [[ -s $work/venv.tar && $work/venv.tar -nt $recipes/wheels.txt ]] && return
  need python3
  mkimage wheels -o "$work/wheels" "$recipes/wheels.txt"
  rm -rf "$work/venv"
  python3 -m venv --copies "$work/venv"
  "$work/venv/bin/pip" install --quiet --no-index --no-deps --no-compile "$work"/wheels/*.whl
  mkimage tar -o "$work/venv.tar" -prefix opt/venv "$work/venv"
}

image_python() {
  python_rootfs
  apt_layer python
  python_venv
  mkimage image -o "$images/python" -name python:latest -config '{"Cmd":["python3"]}' \
    "$work/debian.tar=mmdebstrap --variant=minbase" "$work/python-apt.tar=RUN apt-get install -y python3 …" "$work/venv.tar=COPY venv /opt/venv"
  dpkg_truth "$work/python.tar" python
  "$work/venv/bin/python" -c 'import glob, sys, importlib.metadata as m
for d in m.distributions(path=glob.glob(sys.argv[1])): print(d.metadata["Name"], d.version, sep="\t")' \
    "$work/venv/lib/python3*/site-packages" | sort >"$images/python/truth/pypi.txt"
}

java_rootfs() {
  rootfs java openjdk-17-jre-headless,tomcat10,maven,liblog4j1.2-java,liblog4j2-java,libspring-web-java,libspring-beans-java,libspring-context-java,libspring-jdbc-java,libspring-web-servlet-java,libjackson2-databind-java,libjackson2-dataformat-yaml,libhibernate-validator-java,libnetty-java,libcommons-fileupload-java,libcommons-collections3-java,libcommons-collections4-java,libcommons-compress-java,libbcprov-java,libpostgresql-jdbc-java,libmariadb-java,libprotobuf-java,libxstream-java,libyaml-snake-java,libjetty9-java,libxerces2-java,libxalan2-java,libh2-java,libgoogle-gson-java,libvelocity-tools-java,libdom4j-java
}

# A fat jar and a web application out of Debian's jars.
java_shop() {
  [[ -s $work/shop.tar && $work/shop.tar -nt $work/java.tar ]] && return
  local tmp jars
  tmp=$(mktemp -d)
  tar -xf "$work/java.tar" -C "$tmp" ./usr/share/java ./usr/share/maven-repo
  mkdir -p "$work/shop/opt/app" "$work/shop/var/lib/tomcat10/webapps"
  # The versioned names are those that a build would have put in.
  mapfile -t jars < <(find "$tmp/usr/share/java" -maxdepth 1 -name '*-[0-9]*.jar' -exec test -e {} \; -print | sort)
  mkimage jar -kind boot -o "$work/shop/opt/app/shop.jar" "${jars[@]}"
  mkimage jar -kind war -o "$work/shop/var/lib/tomcat10/webapps/shop.war" "${jars[@]:0:40}"
  mkimage tar -o "$work/shop.tar" "$work/shop"
  rm -rf "$tmp"
}

image_java() {
  java_rootfs
  apt_layer java
  java_shop
  mkimage image -o "$images/java" -name java:latest -config '{"Cmd":["java","-jar","/opt/app/shop.jar"]}' \
    "$work/debian.tar=mmdebstrap --variant=minbase" "$work/java-apt.tar=RUN apt-get install -y openjdk-17-jre-headless …" "$work/shop.tar=COPY shop /"
  dpkg_truth "$work/java.tar" java
  for jar in opt/app/shop.jar var/lib/tomcat10/webapps/shop.war; do
    python3 -c 'import sys, zipfile
for n in sorted(zipfile.ZipFile(sys.argv[1]).namelist()):
    if n.endswith(".jar"): print(sys.argv[2], n, sep="\t")' "$work/shop/$jar" "$jar"
  done >"$images/java/truth/jars.txt"
}

# go_binaries ARCH: the programs of recipes/go.txt.
go_binaries() {
  local arch=$1 main version
  [[ -s $work/go-$arch.tar && $work/go-$arch.tar -nt $recipes/go.txt ]] && return
  need go
  mkdir -p "$work/go-$arch/usr/local/bin" "$work/gopath"
  while read -r main version; do
    [[ -z $main || $main == \#* ]] && continue
    say "building $main@$version for $arch"
    (cd "$work" && GOPATH=$work/gopath GOMODCACHE=$(go env GOMODCACHE) GOFLAGS=-mod=mod CGO_ENABLED=0 GOOS=linux GOARCH=$arch GOTOOLCHAIN=local \
      go install -trimpath -ldflags='-s -w' "$main@$version" 2>"$work/go-$arch.log") || { cat "$work/go-$arch.log" >&2; return 1; }
  done < <(if [[ $arch == "$(go env GOARCH)" ]]; then cat "$recipes/go.txt"; else tail -n 1 "$recipes/go.txt"; fi)
  if [[ $arch == "$(go env GOARCH)" ]]; then cp "$work"/gopath/bin/* "$work/go-$arch/usr/local/bin/" 2>/dev/null || true
  else cp "$work/gopath/bin/linux_$arch"/* "$work/go-$arch/usr/local/bin/"; fi
  find "$work/go-$arch/usr/local/bin" -maxdepth 1 -type d -name 'linux_*' -exec rm -rf {} +
  mkimage tar -o "$work/go-$arch.tar" "$work/go-$arch"
}

image_go() {
  go_binaries amd64
  mkimage image -o "$images/go" -name go:latest -config '{"Entrypoint":["/usr/local/bin/crane"]}' "$work/go-amd64.tar=COPY bin /usr/local/bin"
  mkdir -p "$images/go/truth"
  (cd "$work/go-amd64" && go version -m usr/local/bin/*) >"$images/go/truth/go.txt"
}

# Two platforms under one name with an attestation beside them.
image_index() {
  go_binaries amd64
  go_binaries arm64
  mkimage image -o "$work/index-amd64" -name index:latest -platform linux/amd64 "$work/go-amd64.tar"
  mkimage image -o "$work/index-arm64" -name index:latest -platform linux/arm64 "$work/go-arm64.tar"
  mkdir -p "$images/index"
  mkimage index -o "$images/index/oci" -name index:latest linux/amd64="$work/index-amd64/oci" linux/arm64="$work/index-arm64/oci"
  rm -rf "$work/index-amd64" "$work/index-arm64"
}

image_alpine() {
  mkimage alpine -o "$work/alpine.tar" "$recipes/alpine.txt"
  mkimage image -o "$images/alpine" -name alpine:latest -config '{"Cmd":["/bin/sh"]}' "$work/alpine.tar=ADD alpine-minirootfs.tar.gz /"
  mkdir -p "$images/alpine/truth"
  awk '!/^#/ && NF {print $1 "\t" $2}' "$recipes/alpine.txt" | sort >"$images/alpine/truth/apk.txt"
}

# Packages built and installed by rpm itself, in its SQLite database.
image_rpm() {
  local root=$work/rpm/root top=$work/rpm/build name epoch version release source
  need rpm rpmbuild
  rm -rf "$work/rpm"
  mkdir -p "$root/etc" "$root/var/lib/rpm" "$top"
  printf 'NAME="AlmaLinux"\nVERSION="9.1 (Lime Lynx)"\nID="almalinux"\nID_LIKE="rhel centos fedora"\nVERSION_ID="9.1"\nPLATFORM_ID="platform:el9"\nPRETTY_NAME="AlmaLinux 9.1 (Lime Lynx)"\n' >"$root/etc/os-release"
  while read -r name epoch version release source; do
    [[ -z $name || $name == \#* ]] && continue
    cat >"$top/$name.spec" <<SPEC
Name: $source
Version: $version
Release: $release
Epoch: $epoch
Summary: stand-in
License: MIT
Vendor: AlmaLinux
BuildArch: noarch
%description
%package -n bs-$name
Summary: stand-in
%description -n bs-$name
%install
mkdir -p %{buildroot}/usr/share/rpm-$name
echo $name > %{buildroot}/usr/share/rpm-$name/data
%files -n bs-$name
/usr/share/rpm-$name
SPEC
    # An epoch of nought is none; and a subpackage may bear the plain name
    # only when the source package has another.
    [[ $epoch == 0 ]] && sed -i '/^Epoch:/d' "$top/$name.spec"
    if [[ $name == "$source" ]]; then sed -i 's/ -n bs-[^ ]*$//; /^%package$/,/^Summary: stand-in$/d' "$top/$name.spec"
    else sed -i "s/bs-$name/$name/" "$top/$name.spec"; fi
    rpmbuild --quiet -bb --define "_topdir $top" --define 'source_date_epoch_from_changelog 0' --define 'use_source_date_epoch_as_buildtime 1' \
      --define '_buildhost localhost' "$top/$name.spec" >"$top/log" 2>&1 || { cat "$top/log" >&2; return 1; }
  done <"$recipes/rpms.txt"
  rpm --root "$root" --dbpath /var/lib/rpm --nodeps --nosignature --ignorearch -i "$top"/RPMS/noarch/*.rpm >"$top/log" 2>&1 || { cat "$top/log" >&2; return 1; }
  rpm --root "$root" --dbpath /var/lib/rpm -qa --qf '%{NAME}\t%|EPOCH?{%{EPOCH}:}|%{VERSION}-%{RELEASE}\t%{SOURCERPM}\n' | sort >"$work/rpm/truth.txt"
  rm -f "$root"/var/lib/rpm/.*lock "$root"/var/lib/rpm/*-shm
  mkimage tar -o "$work/rpm.tar" "$root"
  mkimage image -o "$images/rpm" -name rpm:latest "$work/rpm.tar=ADD almalinux-9.tar.gz /"
  mkdir -p "$images/rpm/truth"
  cp "$work/rpm/truth.txt" "$images/rpm/truth/rpm.txt"
}

# Secrets in one layer that a later one deletes. They are put together here so
# that no token stands in a file of the repository.
image_secrets() {
  need openssl
  local d=$work/secrets
  rm -rf "$d"
  mkdir -p "$d/base/etc" "$d/base/root/.ssh" "$d/base/root/.aws" "$d/base/srv/app"
  printf 'ID=debian\nVERSION_ID="12"\nPRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\n' >"$d/base/etc/os-release"
  cp -r "$d/base" "$d/plant"
  printf '[default]\naws_access_key_id = %s%s\naws_secret_access_key = %s%s\n' AKIA Q5RLTWKX2MNB7VYC 'kW8vQz1Lr5Tn+Yb3Xc7Md9Pf' '2Gh6Js0Kq4Uw/ReZ' >"$d/plant/root/.aws/credentials"
  openssl genrsa -out "$d/plant/root/.ssh/id_rsa" 2048 2>/dev/null
  openssl genpkey -algorithm ed25519 -out "$d/plant/root/.ssh/id_ed25519.pem"
  printf '//registry.example.org/:_authToken=%s%s\n' npm_ vR3kT8wQz1Lr5Tn7Yb3Xc7Md9Pf2Gh6Js0K >"$d/plant/root/.npmrc"
  printf 'GITHUB_TOKEN=%s%s\nSLACK=%s%s\nSTRIPE=%s%s\nDATABASE_URL=postgres://app:%s@db.example.org/shop\n' \
    ghp_ vR3kT8wQz1Lr5Tn7Yb3Xc7Md9Pf2Gh6Js0K xoxb- 264013892471-3190248371965-Kx8vQz1Lr5Tn7Yb3Xc7Md9Pf sk_live_ 51HvR3kT8wQz1Lr5Tn7Yb3Xc hunter2hunter2 >"$d/plant/srv/app/.env"
  cp -r "$d/plant" "$d/final"
  rm -rf "$d/final/root/.ssh/id_rsa" "$d/final/root/.npmrc" "$d/final/root/.aws"
  : >"$d/final/srv/app/.env"
  for step in base plant final; do mkimage tar -o "$d/$step.tar" "$d/$step"; done
  mkimage diff -o "$d/1.tar" "$d/base.tar" "$d/plant.tar"
  mkimage diff -o "$d/2.tar" "$d/plant.tar" "$d/final.tar"
  mkimage image -o "$images/secrets" -name secrets:latest -config '{"Env":["PATH=/bin","API_TOKEN=changeme-not-a-secret"]}' \
    "$d/base.tar=base" "$d/1.tar=COPY secrets /" "$d/2.tar=RUN rm -rf /root/.ssh/id_rsa /root/.npmrc /root/.aws"
}

# docker_up: a docker client that reaches a daemon, a private one if need be.
docker_up() {
  need docker dockerd
  docker info >/dev/null 2>&1 && return
  local run=$cache/run
  mkdir -p "$run"
  export DOCKER_HOST=unix://$run/docker.sock
  docker info >/dev/null 2>&1 && return
  say "starting dockerd"
  dockerd --storage-driver=overlay2 --data-root "$run/root" --exec-root "$run/exec" -H "$DOCKER_HOST" --pidfile "$run/pid" --iptables=false --bridge=none >"$run/log" 2>&1 &
  trap 'kill "$(cat "'"$run"'/pid")" 2>/dev/null; wait' EXIT
  for _ in $(seq 60); do docker info >/dev/null 2>&1 && return; sleep 0.5; done
  tail -n 20 "$run/log" >&2
  return 1
}

# docker_build NAME CONTEXT: builds recipes/NAME.Dockerfile and saves it.
docker_build() {
  docker_up
  DOCKER_BUILDKIT=0 docker build --quiet --network none --no-cache --tag "$1:latest" --file "$recipes/$1.Dockerfile" "$2" >"$work/$1.log" 2>&1 || { cat "$work/$1.log" >&2; return 1; }
  docker save -o "$work/$1-docker.tar" "$1:latest"
  mkdir -p "$images/$1/truth"
  local id; id=$(docker create "$1:latest" /bin/true)
  docker export "$id" | tar -t | sed 's,^\./,,; s,/$,,' | sort >"$images/$1/truth/files.txt"
  docker export "$id" -o "$work/$1-export.tar"
  docker rm "$id" >/dev/null
  docker rmi --force "$1:latest" >/dev/null
  mkimage convert -o "$images/$1" -name "$1:latest" "$work/$1-docker.tar"
}

image_overlay() {
  [[ -x /bin/busybox ]] || { say "busybox-static is needed"; return 1; }
  rm -rf "$work/overlay"
  mkdir -p "$work/overlay/root/bin" "$work/overlay/root/tmp"
  cp /bin/busybox "$work/overlay/root/bin/"
  docker_build overlay "$work/overlay"
  mkdir -p "$work/overlay/export"
  tar -xf "$work/overlay-export.tar" -C "$work/overlay/export" srv
  node "$recipes/npm-truth.js" "$work/overlay/export/srv/app" | sort >"$images/overlay/truth/npm.txt"
  rm -f "$work/overlay-export.tar"
}

image_big() {
  python_rootfs; python_venv; node_app; java_rootfs; apt_layer java; java_shop; go_binaries amd64
  rm -rf "$work/big"
  mkdir -p "$work/big"
  for tar in python venv app shop; do ln "$work/$tar.tar" "$work/big/"; done
  ln "$work/java-apt.tar" "$work/big/java.tar"
  ln "$work/go-amd64.tar" "$work/big/go.tar"
  docker_build big "$work/big"
  mkdir -p "$work/big/export"
  tar -xf "$work/big-export.tar" -C "$work/big/export" srv
  node "$recipes/npm-truth.js" "$work/big/export/srv" | sort >"$images/big/truth/npm.txt"
  rm -rf "$work/big" "$work/big-export.tar"
}


# recipes_of NAME: the recipes that the image is made from.
recipes_of() {
  case $1 in
  node) echo package.json npm-truth.js ;;
  python) echo wheels.txt ;;
  go | index) echo go.txt ;;
  alpine) echo alpine.txt ;;
  rpm) echo rpms.txt ;;
  overlay) echo overlay.Dockerfile npm-truth.js ;;
  big) echo big.Dockerfile npm-truth.js package.json wheels.txt go.txt ;;
  esac
}

make_image() {
  local name=$1 stamp
  declare -F "image_$name" >/dev/null || { say "no image $name"; exit 2; }
  # shellcheck disable=SC2046
  stamp=$( (declare -f "image_$name"; cd "$recipes"; cat $(recipes_of "$name") </dev/null) | sha256sum)
  [[ -f $images/$name/.made && $(<"$images/$name/.made") == "$stamp" ]] && return
  say "making $name"
  rm -rf "${images:?}/$name"
  "image_$name"
  echo "$stamp" >"$images/$name/.made"
}

small=(debian-vuln node go index alpine rpm secrets overlay)
full=("${small[@]}" debian java python big)
case ${1:-small} in
small) set -- "${small[@]}" ;;
full) set -- "${full[@]}" ;;
esac
for name; do make_image "$name"; done
